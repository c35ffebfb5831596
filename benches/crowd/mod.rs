//! Users who are made from their number: names in several scripts, addresses, numbers, ids scattered like a tenant's.

use teamsconnector::domain::country::Country;
use teamsconnector::domain::gate::{FirstCause, Marks};
use teamsconnector::domain::guid::{Guid, ObjectId};
use teamsconnector::roster::Person;

/// Given names.
pub(crate) const FIRST: [&str; 24] = [
    "Adele",
    "Alexander",
    "Benedikt",
    "Charlotte",
    "Diego",
    "Élodie",
    "Fatima",
    "Gerhard",
    "Hiroshi",
    "Isaiah",
    "Joni",
    "Katarzyna",
    "Lidia",
    "Megan",
    "Nestor",
    "Óscar",
    "Pradeep",
    "Quentin",
    "Rosalind",
    "Søren",
    "Tamara",
    "Иван",
    "Ελένη",
    "太郎",
];
/// Family names.
pub(crate) const LAST: [&str; 32] = [
    "Vance",
    "Wilber",
    "Walters",
    "Siciliani",
    "Archie",
    "Sherman",
    "Gu",
    "Bowen",
    "Wilke",
    "Gupta",
    "Παππά",
    "Орлов",
    "山田",
    "Blanc",
    "Fernandez",
    "Johnson",
    "O'Connor",
    "Müller-Lüdenscheidt",
    "van den Berg",
    "Nakamura",
    "Kowalska",
    "Lindqvist",
    "Papadopoulos",
    "Rodríguez",
    "Schneider",
    "Takahashi",
    "Umarov",
    "Venkataraman",
    "Whitfield",
    "Xu",
    "Yıldız",
    "Zimmermann",
];

/// Numbers that look like chance, the same in each run.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next one.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next one below this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end.max(1) as u64).unwrap_or(0)
    }
}

/// Calls with a user.
pub(crate) fn with<T>(n: u32, then: impl FnOnce(Person<'_>) -> T) -> T {
    let mut random = Random(u64::from(n));
    let (first, last) = (
        FIRST[random.below(FIRST.len())],
        LAST[random.below(LAST.len())],
    );
    let name = format!("{first} {last}");
    let upn = format!(
        "u{n:06}.{}@contoso.example",
        last.to_lowercase().replace(' ', ".")
    );
    let mail = format!("{}@mail.contoso.example", first.to_lowercase());
    let number = format!("+441235{n:06}");
    let mut id = [0; 16];
    id[..8].copy_from_slice(&random.draw().to_le_bytes());
    id[8..].copy_from_slice(&random.draw().to_le_bytes());
    then(Person {
        id: ObjectId(Guid::from_bytes(id)),
        name: &name,
        upn: &upn,
        mail: match random.below(10) {
            0 => None,
            1 => Some(&mail),
            _ => Some(&upn),
        },
        location: Country::from_tenant(["GB", "US", "FR", "DE"][random.below(4)]),
        number: (random.below(10) < 4).then_some(number.as_str()),
        cause: FirstCause::ALL[[0, 0, 5, 7, 8, 9, 11][random.below(7)]],
        marks: Marks(u32::try_from(random.below(1 << 16)).unwrap_or(0)),
    })
}
