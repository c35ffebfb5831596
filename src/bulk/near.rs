//! Near misses of an e-mail that nobody has: for one row at a time, when somebody looks at it.

use super::known::{Known, Person};

/// How many are named.
const NAMED: usize = 3;

/// People whose address is nearly this one, the nearest first.
pub(super) fn misses<'a>(known: &'a Known, mail: &str) -> Vec<&'a Person> {
    let mail = mail.to_lowercase();
    let wanted = mail.split_once('@').unwrap_or((&mail, ""));
    let mut near: Vec<(usize, &Person)> = Vec::new();
    for person in &known.facts().people {
        let addresses = [Some(person.upn.as_str()), person.mail.as_deref()];
        let nearest = addresses
            .into_iter()
            .flatten()
            .filter_map(|address| distance(wanted, address));
        if let Some(distance) = nearest.min() {
            near.push((distance, person));
        }
    }
    near.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.upn.cmp(&b.upn)));
    near.truncate(NAMED);
    near.into_iter().map(|(_, person)| person).collect()
}

/// How many letters are amiss, where it is few enough for a slip: a third of the name, and two of the domain.
fn distance((local, host): (&str, &str), address: &str) -> Option<usize> {
    let address = address.to_lowercase();
    let (other_local, other_host) = address.split_once('@')?;
    let most = (local.chars().count() / 3).clamp(1, 3);
    if other_local.len().abs_diff(local.len()) > 2 * most {
        return None;
    }
    let names = strsim::osa_distance(other_local, local);
    let hosts = if other_host == host {
        0
    } else {
        strsim::osa_distance(other_host, host)
    };
    // The same name at another domain is the commonest slip of all.
    let slip = (names <= most && hosts <= 2) || (names == 0 && local.len() > 2);
    slip.then_some(names + hosts.min(3))
}
