//! Near misses of an e-mail that nobody has: for one row at a time, when somebody looks at it.

use super::known::{Known, Person};

/// How many are named.
const NAMED: usize = 3;

/// People whose address is nearly this one, the nearest first.
pub(super) fn misses<'a>(known: &'a Known, mail: &str) -> Vec<&'a Person> {
    let mail = mail.to_lowercase();
    let most = if mail.len() < 12 { 2 } else { 3 };
    let local = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let wanted = local(&mail);
    let mut near: Vec<(usize, &Person)> = Vec::new();
    for person in &known.facts().people {
        let addresses = [Some(person.upn.as_str()), person.mail.as_deref()];
        let nearest = addresses.into_iter().flatten().filter_map(|address| {
            let address = address.to_lowercase();
            // The same name at another domain is the commonest slip of all.
            if wanted.len() > 2 && local(&address) == wanted {
                return Some(1);
            }
            if address.len().abs_diff(mail.len()) > most {
                return None;
            }
            let distance = strsim::osa_distance(&address, &mail);
            (distance <= most).then_some(distance)
        });
        if let Some(distance) = nearest.min() {
            near.push((distance, person));
        }
    }
    near.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.upn.cmp(&b.upn)));
    near.truncate(NAMED);
    near.into_iter().map(|(_, person)| person).collect()
}
