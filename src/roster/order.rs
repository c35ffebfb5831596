//! Orders of a roster other than its own: computed once for all rows, and picked from for those that a filter leaves.

use super::Roster;
use super::table::CHUNK;

fn places(roster: &Roster) -> std::ops::Range<u32> {
    0..u32::try_from(roster.len()).expect("a tenant has fewer than 4 thousand million users")
}

/// All places by number, digit by digit as it is written; those without one last.
pub fn by_number(roster: &Roster) -> Vec<u32> {
    let (mut with, without): (Vec<u32>, Vec<u32>) =
        places(roster).partition(|place| roster.has_number(*place));
    sort_by_text(&mut with, |place| roster.number(place));
    with.extend(without);
    with
}

/// All places by sign-in name without regard to case.
pub fn by_sign_in(roster: &Roster) -> Vec<u32> {
    let mut all: Vec<u32> = places(roster).collect();
    sort_by_text(&mut all, |place| roster.folded_upn(place));
    all
}

/// Sorts places by a text, equal ones by place.
fn sort_by_text<'a>(places: &mut [u32], text: impl Fn(u32) -> &'a str) {
    // Most are told apart by their first letters, which stand beside the place: numbers by all of theirs.
    let mut keys: Vec<(u128, u32)> = places
        .iter()
        .map(|place| {
            let mut first = [0; 16];
            for (to, byte) in first.iter_mut().zip(text(*place).bytes()) {
                *to = byte;
            }
            (u128::from_be_bytes(first), *place)
        })
        .collect();
    keys.sort_unstable_by(|(first, place), (other_first, other)| {
        first.cmp(other_first).then_with(|| {
            let texts = text(*place).cmp(text(*other));
            texts.then(place.cmp(other))
        })
    });
    for (to, (_, place)) in places.iter_mut().zip(keys) {
        *to = place;
    }
}

/// The hits (places in order) in another order of all places.
pub fn pick(order: &[u32], hits: &[u32]) -> Vec<u32> {
    if order.len() == hits.len() {
        return order.to_vec();
    }
    let mut bits = vec![0_u64; order.len().div_ceil(CHUNK) * (CHUNK / 64)];
    for hit in hits {
        bits[*hit as usize / 64] |= 1 << (hit % 64);
    }
    let is_hit = |place: &&u32| bits[**place as usize / 64] >> (**place % 64) & 1 == 1;
    order.iter().filter(is_hit).copied().collect()
}

/// The hits by a key below `keys`, those of one key in the order in which they were.
pub fn bucketed(hits: &[u32], keys: usize, key: impl Fn(u32) -> usize) -> Vec<u32> {
    let mut ends = vec![0_usize; keys];
    for hit in hits {
        ends[key(*hit)] += 1;
    }
    let mut next = 0;
    for end in &mut ends {
        next += std::mem::replace(end, next);
    }
    let mut sorted = vec![0; hits.len()];
    for hit in hits {
        let slot = &mut ends[key(*hit)];
        sorted[*slot] = *hit;
        *slot += 1;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_picked_in_order_and_bucketed_in_turn() {
        let order = [4, 2, 0, 1, 3];
        assert_eq!(pick(&order, &[0, 3, 4]), [4, 0, 3]);
        assert_eq!(pick(&order, &[]), [] as [u32; 0]);
        assert_eq!(pick(&order, &[0, 1, 2, 3, 4]), order);
        let even = |place: u32| usize::from(place % 2 == 1);
        assert_eq!(bucketed(&[0, 1, 2, 3, 4], 3, even), [0, 2, 4, 1, 3]);
        assert_eq!(bucketed(&[], 3, even), [] as [u32; 0]);
    }
}
