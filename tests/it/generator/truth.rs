//! What is true of a random user, drawn before there is anything to read: which gates fail, and so the first cause.
//!
//! Written from the product's page and the contract of Graph. It knows nothing of the crate.

use super::chance::Chance;

/// The gates of a person in their order, by the code of `why --json`.
pub(super) const GATES: [&str; 7] = [
    "enabled",
    "in_group",
    "not_guest",
    "licensed",
    "phone_system",
    "no_calling_plan",
    "no_communications_credits",
];

pub(super) const ENABLED: usize = 0;
pub(super) const IN_GROUP: usize = 1;
pub(super) const NOT_GUEST: usize = 2;
pub(super) const LICENSED: usize = 3;
pub(super) const PHONE: usize = 4;
pub(super) const NO_CALLING: usize = 5;
pub(super) const NO_CREDITS: usize = 6;

/// How a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Passed,
    Failed,
    Unread,
}

/// The group filter of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Off,
    /// A group with groups inside.
    Nested,
    /// A name that no group has.
    Missing,
    /// A group whose members are refused.
    Unreadable,
}

/// What there is to know of a tenant as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Land {
    pub(super) size: usize,
    pub(super) filter: Filter,
    /// Whether Teams answers, and the inventory of numbers.
    pub(super) teams: bool,
    /// How many in a hundred are configured here.
    pub(super) configured: usize,
}

/// By what a resource account is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    AccountType,
    Department,
    Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    Resource(Mark),
}

/// The truth about one user.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    pub(super) kind: Kind,
    pub(super) gates: [Stand; 7],
    /// Phone System is there, in a state that cannot be used.
    pub(super) decayed: bool,
    pub(super) configured: bool,
}

impl Truth {
    pub(super) fn draw(chance: &mut Chance, land: &Land) -> Self {
        let configured = chance.percent(land.configured);
        if chance.percent(7) {
            return Self::resource(chance, land, configured);
        }
        let mut gates = [Stand::Passed; 7];
        let group_can_fail = land.filter == Filter::Nested;
        let mut left: Vec<usize> = (0..GATES.len())
            .filter(|gate| *gate != IN_GROUP || group_can_fail)
            .collect();
        let many = chance.weighed(&[14, 36, 32, 10, 5, 3]);
        for _ in 0..many {
            // The Phone System fails in two ways, each a cause of its own.
            let weights: Vec<usize> = left
                .iter()
                .map(|gate| if *gate == PHONE { 2 } else { 1 })
                .collect();
            gates[left.remove(chance.weighed(&weights))] = Stand::Failed;
        }
        match land.filter {
            Filter::Missing => gates[IN_GROUP] = Stand::Failed,
            Filter::Unreadable => gates[IN_GROUP] = Stand::Unread,
            Filter::Off | Filter::Nested => {}
        }
        if chance.percent(4) {
            match chance.below(4) {
                0 => gates[ENABLED] = Stand::Unread,
                1 => gates[NOT_GUEST] = Stand::Unread,
                2 => gates[LICENSED] = Stand::Unread,
                _ => gates[PHONE..].fill(Stand::Unread),
            }
        }
        Self {
            kind: Kind::Person,
            gates,
            decayed: chance.percent(50),
            configured,
        }
    }

    fn resource(chance: &mut Chance, land: &Land, configured: bool) -> Self {
        let mut gates = [Stand::Passed; 7];
        gates[IN_GROUP] = match land.filter {
            Filter::Off => Stand::Passed,
            Filter::Nested if chance.percent(70) => Stand::Passed,
            Filter::Nested | Filter::Missing => Stand::Failed,
            Filter::Unreadable => Stand::Unread,
        };
        // Most are disabled, which stops nobody of them.
        if chance.percent(70) {
            gates[ENABLED] = Stand::Failed;
        }
        let marks = if land.teams {
            &[Mark::AccountType, Mark::Department, Mark::Plan][..]
        } else {
            &[Mark::Department, Mark::Plan][..]
        };
        Self {
            kind: Kind::Resource(chance.pick(marks)),
            gates,
            decayed: false,
            configured,
        }
    }

    /// The first cause, by its code.
    pub(super) fn first_cause(&self) -> &'static str {
        if self.configured {
            return "configured";
        }
        if let Kind::Resource(_) = self.kind {
            return match self.gates[IN_GROUP] {
                Stand::Passed => "resource",
                Stand::Failed => "not_in_group",
                Stand::Unread => "unknown",
            };
        }
        let Some(gate) = self.gates.iter().position(|stand| *stand != Stand::Passed) else {
            return "eligible";
        };
        if self.gates[gate] == Stand::Unread {
            return "unknown";
        }
        match gate {
            ENABLED => "disabled",
            IN_GROUP => "not_in_group",
            NOT_GUEST => "guest",
            LICENSED => "unlicensed",
            PHONE if self.decayed => "plan_not_usable",
            PHONE => "no_phone_system",
            NO_CALLING => "calling_plan",
            _ => "communications_credits",
        }
    }

    pub(super) fn passes(&self, gate: usize) -> bool {
        self.gates[gate] == Stand::Passed
    }

    pub(super) fn fails(&self, gate: usize) -> bool {
        self.gates[gate] == Stand::Failed
    }
}

/// The counters of the log, as the truth has them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Enabled, in the group or not.
    pub(super) enabled: u64,
    pub(super) total: u64,
    pub(super) licensed: u64,
    pub(super) phone: u64,
    pub(super) excluded: u64,
    pub(super) resource: u64,
}

impl Counts {
    pub(super) fn add(&mut self, truth: &Truth) {
        if let Kind::Resource(_) = truth.kind {
            self.resource += u64::from(truth.passes(IN_GROUP));
            return;
        }
        if !truth.passes(ENABLED) {
            return;
        }
        self.enabled += 1;
        // Each counter is asked of those whom the one before has counted; guests are counted like anyone.
        let counters = [
            (IN_GROUP, &mut self.total),
            (LICENSED, &mut self.licensed),
            (PHONE, &mut self.phone),
        ];
        for (gate, counter) in counters {
            if !truth.passes(gate) {
                return;
            }
            *counter += 1;
        }
        self.excluded += u64::from(truth.fails(NO_CALLING) || truth.fails(NO_CREDITS));
    }
}
