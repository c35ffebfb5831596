//! What the rows of a sheet know of each other: who has the same, who ends in the same zeros, whose verdict hangs on whose.

use super::{Column, Index, Review, Zeros, number, place};

/// Up to so many rows, two numbers with three zeros at the end are no chance.
const FEW_ROWS: usize = 1000;

impl Review {
    /// Makes the row known to the others.
    pub(super) fn note(&mut self, index: usize) {
        self.enter(index, Index::put);
        let at = place(index);
        if let Some(target) = self.judged[index].target {
            self.about.entry(target).or_default().push(at);
        }
        if let Some(person) = self.person(index).map(|person| person.id) {
            self.people.entry(person).or_default().push(at);
        }
        for zeros in 3..=self.doubtful_zeros(index) {
            self.zeros[zeros.min(15)] += 1;
        }
    }

    /// Takes the row out of what the others see.
    pub(super) fn forget(&mut self, index: usize) {
        self.enter(index, Index::take);
        let at = place(index);
        if let Some(rows) = self.judged[index]
            .target
            .and_then(|target| self.about.get_mut(&target))
        {
            rows.retain(|row| *row != at);
        }
        if let Some(rows) = self
            .person(index)
            .map(|person| person.id)
            .and_then(|person| self.people.get_mut(&person))
        {
            rows.retain(|row| *row != at);
        }
        for zeros in 3..=self.doubtful_zeros(index) {
            self.zeros[zeros.min(15)] -= 1;
        }
    }

    fn enter(&mut self, index: usize, how: fn(&mut Index, &str, u32)) {
        let at = place(index);
        let row = self.sheet.row(index);
        how(&mut self.mails, row.trimmed(Column::Email), at);
        how(&mut self.sips, row.trimmed(Column::SipUsername), at);
        how(&mut self.externals, row.trimmed(Column::ExternalId), at);
        if let Some(Ok(number)) = &self.judged[index].number {
            how(&mut self.numbers, number.as_str(), at);
        }
    }

    /// Zeros at the end of the row's number that a spreadsheet may have made; 0 when the number is known or was entered here.
    pub(super) fn doubtful_zeros(&self, index: usize) -> usize {
        let Some(number) = self.number(index) else {
            return 0;
        };
        let zeros = number::zeros(number);
        if zeros < 3
            || self.ask.zeros == Zeros::Trusted
            || self.by_hand.retyped.contains(&place(index))
        {
            return 0;
        }
        let known =
            !self.known.with_number(number).is_empty() || self.known.in_tenant(number).is_some();
        if known { 0 } else { zeros }
    }

    /// From how many zeros on numbers are doubted, if at all.
    pub(super) fn doubted(&self) -> Option<usize> {
        let rows = self.sheet.len();
        (3..16).find(|&zeros| {
            let found = self.zeros[zeros] as usize;
            let chance = 3 * rows / 10_usize.pow(u32::try_from(zeros).unwrap_or(9));
            let least = match (rows > FEW_ROWS, zeros) {
                (true, _) => 2 + chance,
                (false, 5..) => 1,
                (false, _) => 2,
            };
            found >= least
        })
    }

    /// Rows whose verdict may hang on this one, and the row itself.
    pub(super) fn related(&self, index: usize) -> Vec<usize> {
        let row = self.sheet.row(index);
        let judged = &self.judged[index];
        let mut out: Vec<u32> = vec![place(index)];
        out.extend(self.mails.of(row.trimmed(Column::Email)));
        out.extend(self.sips.of(row.trimmed(Column::SipUsername)));
        out.extend(self.externals.of(row.trimmed(Column::ExternalId)));
        if let Some(Ok(number)) = &judged.number {
            out.extend(self.numbers.of(number.as_str()));
        }
        if let Some(person) = self.person(index) {
            out.extend(self.people.get(&person.id).into_iter().flatten());
        }
        if let Some(target) = judged.target {
            out.extend(self.about.get(&target).into_iter().flatten());
            // Somebody may want the number that this row's user gives up, or no longer does.
            if let Some(number) = self.known.user(target).number() {
                out.extend(self.numbers.of(number.as_str()));
            }
        }
        out.into_iter().map(|row| row as usize).collect()
    }
}
