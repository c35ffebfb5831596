//! Who is in a crowd: the kinds of people, in what proportion they come, and how an id follows from a number.

/// The kinds of people, with how many there are among two hundred: 184 licensed, 76 with a Phone System, 34 of
/// them with a Calling Plan.
pub(super) const MIX: &[(Kind, u64)] = &[
    (Kind::Guest, 8),
    (Kind::Unlicensed, 8),
    (Kind::Left, 1),
    (Kind::Resource, 1),
    (Kind::Office, 106),
    (Kind::Phone, 26),
    (Kind::Premium, 15),
    (Kind::NoTeams, 1),
    (Kind::PremiumCalling, 16),
    (Kind::Essentials, 10),
    (Kind::CallingMinutes, 8),
];
/// So many people are one round of the mix.
pub(super) const ROUND: u64 = 200;

/// What a made-up person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Guest,
    Unlicensed,
    Left,
    Resource,
    Office,
    Phone,
    Premium,
    NoTeams,
    PremiumCalling,
    Essentials,
    CallingMinutes,
}

impl Kind {
    /// The kind of person n.
    pub(super) fn of(n: u64) -> Self {
        // 73 has no factor in common with 200: every kind comes as often as it should, and not in runs.
        let mut slot = (n % ROUND * 73 + 11) % ROUND;
        for (kind, count) in MIX {
            if slot < *count {
                return *kind;
            }
            slot -= count;
        }
        Self::Office
    }

    /// The products that people of the kind hold, by part number.
    pub(super) fn products(self) -> &'static [&'static str] {
        match self {
            Self::Guest | Self::Unlicensed => &[],
            Self::Resource => &["PHONESYSTEM_VIRTUALUSER"],
            Self::Left | Self::Office => &["SPE_E3"],
            Self::Phone => &["SPE_E3", "MCOEV"],
            Self::Premium => &["SPE_E5"],
            Self::NoTeams => &["Microsoft_365_E5_(no_Teams)"],
            Self::PremiumCalling => &["SPE_E5", "MCOPSTN1"],
            Self::Essentials => &["SPE_E3", "MCOTEAMS_ESSENTIALS"],
            Self::CallingMinutes => &["SPE_E5_CALLINGMINUTES"],
        }
    }

    /// Where the kind stands in the mix.
    pub(super) fn place(self) -> u64 {
        MIX.iter()
            .zip(0..)
            .find(|((kind, _), _)| *kind == self)
            .map_or(0, |(_, place)| place)
    }

    /// Whether the kind has a Phone System.
    pub(super) fn has_phone(self) -> bool {
        matches!(
            self,
            Self::Phone
                | Self::Premium
                | Self::NoTeams
                | Self::PremiumCalling
                | Self::Essentials
                | Self::CallingMinutes
        )
    }

    /// Whether the kind has a Calling Plan.
    pub(super) fn has_calling_plan(self) -> bool {
        matches!(
            self,
            Self::PremiumCalling | Self::Essentials | Self::CallingMinutes
        )
    }
}

/// Odd, so that it can be undone in arithmetic modulo 2^48.
const SPREAD: u64 = 0x5DEE_CE66_D1A5;
const NODE: u64 = (1 << 48) - 1;
const MASK: u64 = 0x2F81_7C3A_90B4;

/// Somewhat more than a third of those with a Phone System hold a number.
pub(super) fn holds_number(n: u64) -> bool {
    Kind::of(n).has_phone() && n % ROUND % 5 < 2
}

/// Those of a round who hold a number, in order.
pub(super) fn holders_of_a_round() -> Vec<u64> {
    (0..ROUND).filter(|n| holds_number(*n)).collect()
}

/// The steps of splitmix64: neighbours come out far apart.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// The inverse of an odd number in 64-bit arithmetic, by Newton's steps; it holds modulo 2^48 as well.
fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    for _ in 0..6 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
    }
    guess
}

/// The id of person n: half of it is noise, the other half can be undone.
pub(super) fn id(n: u64) -> String {
    let head = mixed(n);
    let node = (n.wrapping_mul(SPREAD) ^ MASK) & NODE;
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{node:012x}",
        head >> 32,
        head >> 16 & 0xffff,
        head & 0xfff,
        0x8000 | head >> 12 & 0x3fff,
    )
}

/// The person whose id may be this one; whether it is has to be compared.
pub(super) fn undone(id: &str) -> Option<u64> {
    let node = u64::from_str_radix(id.rsplit('-').next()?, 16).ok()?;
    Some((node ^ MASK).wrapping_mul(inverse(SPREAD)) & NODE)
}
