//! One row's verdict: first the row by itself, then beside the others.

use crate::domain::country::Country;
use crate::domain::guid::ObjectId;
use crate::domain::user::Association;

use super::super::verdict::Change;
use super::{
    Column, Fault, Judged, Matched, Mode, NumberKind, PhoneNumber, Review, Row, Set, Verdict, Why,
    number, same,
};

impl Review {
    /// Reads a row by itself.
    pub(super) fn look(&self, index: usize) -> Judged {
        let row = self.sheet.row(index);
        let matched = self.known.matched(row.trimmed(Column::Email));
        let column = self.sheet.set().number();
        let text = row.trimmed(column);
        let kind = match self.sheet.set() {
            Set::Pbx => NumberKind::Ddi,
            Set::Trunk => NumberKind::Trunk,
        };
        let number = (!text.is_empty()).then(|| number::read(text, kind, self.country_of(matched)));
        let mut judged = Judged {
            number,
            target: None,
            matched,
            verdict: Verdict::Refused(Vec::new()),
            leans_on: None,
            seat: true,
        };
        if self.ask.mode != Mode::Create {
            judged.target = self.target(row, &judged).ok();
        }
        judged
    }

    /// Whose national numbers a number without a country code may be one of.
    fn country_of(&self, matched: Matched) -> Option<Country> {
        let own = match matched {
            Matched::One(person) => self.known.person(person).country,
            Matched::Unsaid | Matched::Several(_) | Matched::Nobody => None,
        };
        own.or(self.known.facts().country)
    }

    /// Update: whom the row is about.
    fn target(&self, row: Row<'_>, judged: &Judged) -> Result<u32, Fault> {
        match self.sheet.set() {
            Set::Pbx => self.pbx_target(row),
            Set::Trunk => {
                let number = match &judged.number {
                    None => return Err(fault(Column::TrunkNumber, Why::Missing)),
                    // What is wrong with the number is said as such.
                    Some(Err(why)) => return Err(fault(Column::TrunkNumber, why.clone())),
                    Some(Ok(number)) => number,
                };
                only(&self.known.with_number(number), Column::TrunkNumber)
            }
        }
    }

    fn pbx_target(&self, row: Row<'_>) -> Result<u32, Fault> {
        let external = row.trimmed(Column::ExternalId);
        let sip = row.trimmed(Column::SipUsername);
        if !external.is_empty() {
            let found = self.known.with_external(external);
            if !found.is_empty() || sip.is_empty() {
                return only(&found, Column::ExternalId);
            }
        }
        if sip.is_empty() {
            // A list exported here has neither key for somebody added from the tenant: the e-mail is then the key, and not mended.
            let mail = row.trimmed(Column::Email);
            if external.is_empty() && !mail.is_empty() {
                return only(&self.known.all_with_mail(mail), Column::Email);
            }
            let has_sip = self.sheet.columns().contains(&Column::SipUsername);
            let column = if has_sip {
                Column::SipUsername
            } else {
                Column::ExternalId
            };
            return Err(fault(column, Why::Missing));
        }
        let found = only(&self.known.with_sip(sip), Column::SipUsername)?;
        let user = &self.known.user(found).user;
        match user.external_id.as_deref().map(str::trim) {
            // SIP user names may collide: then the external ids tell the users apart.
            Some(has) if !external.is_empty() && !has.is_empty() && !same(has, external) => {
                let why = Why::OtherExternalId {
                    name: user.name.clone(),
                    has: has.to_owned(),
                };
                Err(fault(Column::SipUsername, why))
            }
            _ => Ok(found),
        }
    }

    /// The verdict of a row beside the others.
    pub(super) fn decide(&mut self, index: usize) {
        let mut faults = Vec::new();
        self.check_cells(index, &mut faults);
        let (mut target, mut leans_on) = (None, None);
        // Of a row with too many cells none was kept: nothing else can be said of it.
        if !faults
            .iter()
            .any(|fault| matches!(fault.why, Why::TooWide { .. }))
        {
            self.check_number(index, &mut faults);
            target = self.check_target(index, &mut faults);
            self.check_others(index, &mut faults);
            self.check_person(index, &mut faults);
            self.check_holder(index, (&mut faults, &mut leans_on));
        }
        let left = self.is_left_out(index);
        let verdict = if faults.is_empty() && !left {
            match target {
                None => Verdict::Create,
                Some(target) => self.changes(index, target),
            }
        } else {
            faults.sort_by_key(|fault| {
                self.sheet
                    .columns()
                    .iter()
                    .position(|column| *column == fault.column)
            });
            faults.dedup_by(|one, other| one.column == other.column);
            if left {
                // What else is wrong with it stays known: it is the reason that the saved rows give.
                faults.insert(0, fault(self.sheet.columns()[0], Why::LeftOut));
                leans_on = None;
            }
            if faults.iter().all(|fault| fault.proposal().is_some()) {
                Verdict::Proposal(faults)
            } else {
                Verdict::Refused(faults)
            }
        };
        let judged = &mut self.judged[index];
        judged.verdict = verdict;
        judged.leans_on = leans_on;
    }

    /// What is wrong with the texts themselves.
    fn check_cells(&self, index: usize, faults: &mut Vec<Fault>) {
        let flaws = self.sheet.flaws_of(index);
        let number = self.sheet.set().number();
        faults.extend(flaws.map(|(column, why)| match why {
            Why::Inexact if column != number && column != Column::CallerId => {
                fault(column, Why::InexactText)
            }
            why => fault(column, why.clone()),
        }));
        let row = self.sheet.row(index);
        for &column in self.sheet.columns() {
            let text = row.trimmed(column);
            if text.is_empty() {
                continue;
            }
            if let Some(why) = bad_text(column, text) {
                faults.push(fault(column, why));
            }
        }
        let caller = row.trimmed(Column::CallerId);
        if !caller.is_empty() {
            match number::read(caller, NumberKind::Trunk, self.known.facts().country) {
                Err(why) => faults.push(fault(Column::CallerId, why)),
                Ok(number) => {
                    let own = self.number(index) == Some(&number);
                    let unknown = self.known.facts().numbers.is_empty();
                    if !own && !unknown && self.known.in_tenant(&number).is_none() {
                        faults.push(fault(Column::CallerId, Why::CallerId));
                    }
                }
            }
        }
    }

    fn check_number(&self, index: usize, faults: &mut Vec<Fault>) {
        let column = self.sheet.set().number();
        if let Some(Err(why)) = &self.judged[index].number {
            faults.push(fault(column, why.clone()));
        }
        let zeros = self.doubtful_zeros(index);
        if zeros > 0
            && let Some(from) = self.doubted()
            && zeros >= from
        {
            let rows = self.zeros[from];
            let zeros = u32::try_from(from).unwrap_or(u32::MAX);
            faults.push(fault(column, Why::SharedZeros { zeros, rows }));
        }
    }

    /// Create: that there is none yet. Update: whom the row is about.
    fn check_target(&self, index: usize, faults: &mut Vec<Fault>) -> Option<u32> {
        let row = self.sheet.row(index);
        match (self.ask.mode, self.sheet.set()) {
            (Mode::Create, Set::Trunk) => faults.push(fault(Column::TrunkNumber, Why::TrunkCreate)),
            (Mode::Create, Set::Pbx) => self.check_new(index, faults),
            (Mode::Update | Mode::Both, set) => match self.target(row, &self.judged[index]) {
                Ok(target) => {
                    self.check_update(index, target, faults);
                    return Some(target);
                }
                Err(Fault {
                    why: Why::NoSuchUser | Why::Missing,
                    ..
                }) if (self.ask.mode, set) == (Mode::Both, Set::Pbx) => {
                    self.check_new(index, faults);
                }
                Err(wrong) => faults.push(wrong),
            },
        }
        None
    }

    fn check_new(&self, index: usize, faults: &mut Vec<Fault>) {
        let row = self.sheet.row(index);
        let mail = row.trimmed(Column::Email);
        let exists = |user: u32| Why::Exists {
            name: self.known.user(user).user.name.clone(),
        };
        if mail.is_empty() {
            faults.push(fault(Column::Email, Why::Missing));
        } else if let Some(user) = self.known.with_mail(mail) {
            faults.push(fault(Column::Email, exists(user)));
        } else if let Some(person) = self.person(index)
            && let Some(user) = self.known.configured_as(person.id)
        {
            let name = self.known.user(user).user.name.clone();
            faults.push(fault(Column::Email, Why::PersonTaken { name }));
        }
        let external = row.trimmed(Column::ExternalId);
        if let Some(user) = self.known.with_external(external).first() {
            faults.push(fault(Column::ExternalId, exists(*user)));
        }
        if let Some(user) = self.sip_taken(row, None) {
            faults.push(fault(Column::SipUsername, exists(user)));
        }
    }

    /// Somebody else with the SIP user name, whom no external id tells from this row.
    fn sip_taken(&self, row: Row<'_>, me: Option<u32>) -> Option<u32> {
        let (sip, external) = (
            row.trimmed(Column::SipUsername),
            row.trimmed(Column::ExternalId),
        );
        let others = self.known.with_sip(sip).into_iter();
        others.filter(|user| Some(*user) != me).find(|user| {
            let has = self
                .known
                .user(*user)
                .user
                .external_id
                .as_deref()
                .unwrap_or_default();
            external.is_empty() || has.trim().is_empty()
        })
    }

    fn check_update(&self, index: usize, target: u32, faults: &mut Vec<Fault>) {
        let row = self.sheet.row(index);
        let taken = |user: u32| Why::Taken {
            name: self.known.user(user).user.name.clone(),
        };
        let mail = row.trimmed(Column::Email);
        if let Some(user) = self.known.with_mail(mail).filter(|user| *user != target) {
            faults.push(fault(Column::Email, taken(user)));
        } else if !same(self.known.user(target).user.mail.trim(), mail)
            && let Some(person) = self.person(index)
            && let Some(user) = self.known.configured_as(person.id)
            && user != target
        {
            // A run would not match them: the directory user is another's.
            let name = self.known.user(user).user.name.clone();
            faults.push(fault(Column::Email, Why::PersonTaken { name }));
        }
        let external = row.trimmed(Column::ExternalId);
        let others = self.known.with_external(external).into_iter();
        if let Some(user) = others.into_iter().find(|user| *user != target) {
            faults.push(fault(Column::ExternalId, taken(user)));
        }
        let sip = row.trimmed(Column::SipUsername);
        let has = self.known.user(target).user.sip_username.as_deref();
        let changes = !sip.is_empty() && !same(has.unwrap_or_default().trim(), sip);
        // Names that collide already are told apart by external ids; one that is to become such is a slip.
        let mut others = self.known.with_sip(sip).into_iter();
        let other = others.find(|user| *user != target).filter(|_| changes);
        if let Some(user) = other.or_else(|| self.sip_taken(row, Some(target))) {
            faults.push(fault(Column::SipUsername, taken(user)));
        }
        let rows = self.about.get(&target).into_iter().flatten();
        let mut rows = rows.filter(|row| **row as usize != index);
        if let Some(&other) = rows.next() {
            let row = self.sheet.row(other as usize).number();
            let column = match self.sheet.set() {
                Set::Trunk => Column::TrunkNumber,
                Set::Pbx if external.is_empty() => Column::SipUsername,
                Set::Pbx => Column::ExternalId,
            };
            faults.push(fault(column, Why::SameUser { row }));
        }
    }

    /// Other rows with the same e-mail, identifier or number: which of them is right is not for us to say, so that all are refused.
    fn check_others(&self, index: usize, faults: &mut Vec<Fault>) {
        let row = self.sheet.row(index);
        let external = row.trimmed(Column::ExternalId);
        let keys = [
            (Column::Email, &self.mails),
            (Column::SipUsername, &self.sips),
            (Column::ExternalId, &self.externals),
        ];
        for (column, rows) in keys {
            let text = row.trimmed(column);
            let others = rows
                .of(text)
                .iter()
                .map(|&other| self.sheet.row(other as usize));
            let mut others =
                others.filter(|other| other.index != index && same(other.trimmed(column), text));
            let twice = others.find(|other| {
                let apart = !external.is_empty() && !other.trimmed(Column::ExternalId).is_empty();
                column != Column::SipUsername || !apart
            });
            if let Some(other) = twice {
                faults.push(fault(
                    column,
                    Why::Twice {
                        row: other.number(),
                    },
                ));
            }
        }
        let Some(own) = self.number(index) else {
            return;
        };
        let others = self
            .numbers
            .of(own.as_str())
            .iter()
            .map(|&other| other as usize);
        let mut others = others.filter(|&other| other != index && self.number(other) == Some(own));
        if let Some(other) = others.next() {
            let row = self.sheet.row(other).number();
            faults.push(fault(self.sheet.set().number(), Why::Twice { row }));
        }
    }

    /// Other rows whose e-mail means the same directory user by another of the user's addresses: one of them would be refused in the end.
    fn check_person(&self, index: usize, faults: &mut Vec<Fault>) {
        let Some(person) = self.person(index) else {
            return;
        };
        let mail = self.sheet.row(index).trimmed(Column::Email);
        let own = self.judged[index].target;
        let rows = self.people.get(&person.id).into_iter().flatten();
        let mut others = rows.map(|row| *row as usize).filter(|other| {
            *other != index && (own.is_none() || own != self.judged[*other].target)
        });
        let other = others.find(|other| {
            // The same address twice is told as such.
            !same(self.sheet.row(*other).trimmed(Column::Email), mail)
        });
        if let Some(other) = other {
            let why = Why::SamePerson {
                row: self.sheet.row(other).number(),
                name: person.name.clone(),
            };
            faults.push(fault(Column::Email, why));
        }
    }

    /// That the number can be had: nobody holds it, or whoever does gives it up.
    fn check_holder(&self, index: usize, (faults, leans_on): (&mut Vec<Fault>, &mut Option<u32>)) {
        // A trunk number is what tells the row; it is not changed.
        let (Some(number), Set::Pbx) = (self.number(index), self.sheet.set()) else {
            return;
        };
        let judged = &self.judged[index];
        // Whom the row means is not known: that is what it is told, not that somebody holds the number.
        if self.ask.mode == Mode::Update && judged.target.is_none() {
            return;
        }
        let person: Option<ObjectId> = match judged.target {
            Some(target) => self
                .associated_anew(index, target)
                .unwrap_or(self.known.user(target).user.association)
                .id(),
            None => self.person(index).map(|person| person.id),
        };
        if let Some(target) = judged.target {
            let known = self.known.user(target);
            if self.number_before(index, target) == Some(number) {
                return;
            }
            if let Some(word) = known.waiting.as_ref().and_then(|waiting| waiting.under_way) {
                faults.push(fault(Column::PhoneNumber, Why::UnderWay { word }));
                return;
            }
        }
        let mut leaver = None;
        let holder = self.known.holder(number, (judged.target, person), |user| {
            leaver = leaver.or_else(|| self.row_that_leaves(user, number));
            leaver.is_some()
        });
        *leans_on = leaver;
        if let Some(by) = holder {
            *leans_on = None;
            faults.push(fault(Column::PhoneNumber, Why::Held { by }));
        }
    }

    /// The row that gives this user another number.
    fn row_that_leaves(&self, user: u32, number: &PhoneNumber) -> Option<u32> {
        let rows = self.about.get(&user)?;
        let leaves = |row: &u32| {
            self.number(*row as usize)
                .is_some_and(|other| other != number)
        };
        rows.iter().copied().find(leaves)
    }

    /// Whom an update associates, where its e-mail is mended: whoever was found by the old one may not be meant any more, and what
    /// is written would be written to them. `None` where it stays, as it does with whom a person has associated by hand.
    pub(super) fn associated_anew(&self, index: usize, target: u32) -> Option<Association> {
        let user = &self.known.user(target).user;
        let mail = self.sheet.row(index).trimmed(Column::Email);
        let Association::Matched(old) = user.association else {
            return None;
        };
        if mail.is_empty() || same(user.mail.trim(), mail) {
            return None;
        }
        match self.person(index).map(|person| person.id) {
            Some(id) if id == old => None,
            Some(id) => Some(Association::Matched(id)),
            // Somebody who is about to be renamed, or somebody else who is not there yet: what would be written waits.
            None => self
                .number(index)
                .is_some_and(|number| self.known.user(target).number() != Some(number))
                .then_some(Association::None),
        }
    }

    /// The number of whom an update is about, who may be another than before.
    pub(super) fn number_before(&self, index: usize, target: u32) -> Option<&PhoneNumber> {
        match self.associated_anew(index, target) {
            None => self.known.user(target).number(),
            Some(_) => self.person(index).and_then(|person| person.number.as_ref()),
        }
    }

    fn changes(&self, index: usize, target: u32) -> Verdict {
        let row = self.sheet.row(index);
        let known = self.known.user(target);
        let user = &known.user;
        let mut changes = Vec::new();
        let mut compare = |column: Column, before: &str, after: &str| {
            if !after.is_empty() && before.trim() != after {
                changes.push(Change {
                    column,
                    before: before.to_owned(),
                    after: after.to_owned(),
                });
            }
        };
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        if self.sheet.set() == Set::Pbx {
            compare(
                Column::SipUsername,
                &of(&user.sip_username),
                row.trimmed(Column::SipUsername),
            );
        }
        compare(Column::Name, &user.name, row.trimmed(Column::Name));
        compare(Column::Email, &user.mail, row.trimmed(Column::Email));
        if self.sheet.set() == Set::Pbx {
            let before = self.number_before(index, target);
            let before = before.map(PhoneNumber::as_str).unwrap_or_default();
            let after = self
                .number(index)
                .map(PhoneNumber::as_str)
                .unwrap_or_default();
            compare(Column::PhoneNumber, before, after);
        }
        compare(
            Column::ExternalId,
            &of(&user.external_id),
            row.trimmed(Column::ExternalId),
        );
        if changes.is_empty() {
            Verdict::Unchanged { user: user.id }
        } else {
            Verdict::Update {
                user: user.id,
                changes,
            }
        }
    }

    /// What follows for rows that lean on others, and who gets a seat.
    pub(super) fn settle(&mut self) {
        let leaning: Vec<usize> = (0..self.judged.len())
            .filter(|&row| self.judged[row].leans_on.is_some())
            .collect();
        // A row that was put right may carry others again: they are judged anew before they are weighed.
        for &row in &leaning {
            self.decide(row);
        }
        loop {
            let fallen = leaning.iter().copied().find(|&row| {
                let judged = &self.judged[row];
                let carrier = judged.leans_on.map(|on| &self.judged[on as usize]);
                judged.verdict.is_good()
                    && carrier.is_some_and(|on| !on.verdict.changes_something())
            });
            let Some(row) = fallen else { break };
            let on = self.judged[row]
                .leans_on
                .map_or(0, |on| self.sheet.row(on as usize).number());
            let why = Why::LeansOn { row: on };
            self.judged[row].verdict = Verdict::Refused(vec![fault(Column::PhoneNumber, why)]);
        }
        let users = self.known.facts().users.len();
        let bought = self
            .known
            .facts()
            .seats
            .map_or(usize::MAX, |seats| seats as usize);
        let mut free = bought.saturating_sub(users);
        for judged in &mut self.judged {
            judged.seat = judged.verdict != Verdict::Create || free > 0;
            if judged.verdict == Verdict::Create {
                free = free.saturating_sub(1);
            }
        }
    }
}

fn fault(column: Column, why: Why) -> Fault {
    Fault { column, why }
}

fn only(found: &[u32], column: Column) -> Result<u32, Fault> {
    match found {
        [one] => Ok(*one),
        [] => Err(fault(column, Why::NoSuchUser)),
        several => Err(fault(
            column,
            Why::SeveralUsers {
                count: several.len(),
            },
        )),
    }
}

/// What is wrong with the text of a cell that is not a number's, or with the letters of any.
fn bad_text(column: Column, text: &str) -> Option<Why> {
    if text.contains('\u{fffd}') {
        return Some(Why::LostLetters);
    }
    match column {
        Column::Email => (!is_address(text)).then_some(Why::NoAddress),
        Column::SipUsername | Column::AuthUsername | Column::ExternalId => {
            if number::is_exponent(text) && text.contains(['+', '.', ',']) {
                return Some(Why::Rounded);
            }
            if text.starts_with("#N/A") || text.starts_with("####") {
                return Some(Why::ErrorValue);
            }
            let blank =
                |c: char| c.is_control() || (c.is_whitespace() && column != Column::ExternalId);
            text.contains(blank).then_some(Why::BadIdentifier)
        }
        Column::Name => {
            (text.starts_with("#N/A") || text.starts_with("####")).then_some(Why::ErrorValue)
        }
        Column::PhoneNumber | Column::TrunkNumber | Column::CallerId => None,
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && !host.is_empty()
        && !host.contains('@')
        && !text.contains(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>')
        })
}
