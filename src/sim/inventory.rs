//! The tenant's telephone numbers: those of a named scenario, or those of a crowd with what was changed of them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::filter::{Askable, Fact, Facts, Reach};
use super::json::Json;
use super::tenant::Tenant;

/// Microsoft's own operator id in the samples of its documentation.
const MICROSOFT: &str = "0019adbc-b82a-47b4-a799-4e993a9982f1";

/// What the inventory can be filtered by: everything but `id` and `city`.
pub(super) const ASKABLE: Askable = Askable {
    resource: "NumberAssignment",
    properties: &[
        ("telephoneNumber", Reach::Always),
        ("assignmentTargetId", Reach::Always),
        ("assignmentStatus", Reach::Always),
        ("numberType", Reach::Always),
        ("numberSource", Reach::Always),
        ("activationState", Reach::Always),
        ("isoCountryCode", Reach::Always),
        ("assignmentCategory", Reach::Always),
        ("operatorId", Reach::Always),
        ("locationId", Reach::Always),
        ("civicAddressId", Reach::Always),
        ("networkSiteId", Reach::Always),
        ("portInStatus", Reach::Always),
        ("capabilities", Reach::Any),
        ("supportedCustomerActions", Reach::Any),
        ("reverseNumberLookupOptions", Reach::Any),
    ],
};

/// One number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NumberRow {
    /// With the leading `+`; an extension follows as `;ext=`.
    pub number: String,
    /// `numberType`.
    pub kind: String,
    /// `numberSource`.
    pub source: String,
    /// `assignmentStatus`.
    pub status: String,
    /// The id of whoever holds it.
    pub target: Option<String>,
    /// `assignmentCategory`.
    pub category: String,
    /// `activationState`.
    pub state: String,
    /// `isoCountryCode`.
    pub country: Option<String>,
    /// `city`.
    pub city: Option<String>,
    /// `locationId`.
    pub location: Option<String>,
}

impl NumberRow {
    /// A Direct Routing number that nobody holds.
    pub(super) fn free(number: &str) -> Self {
        Self {
            number: number.to_owned(),
            kind: "directRouting".to_owned(),
            source: "online".to_owned(),
            status: "unassigned".to_owned(),
            target: None,
            category: "primary".to_owned(),
            state: "activated".to_owned(),
            country: None,
            city: None,
            location: None,
        }
    }

    /// Gives the number to someone.
    pub(super) fn hold(&mut self, target: &str, status: &str) {
        self.target = Some(target.to_owned());
        status.clone_into(&mut self.status);
    }

    /// Takes the number from whoever holds it.
    pub(super) fn let_go(&mut self) {
        self.target = None;
        "unassigned".clone_into(&mut self.status);
        "primary".clone_into(&mut self.category);
    }

    /// `id`: operator and number, in the spelling of URLs.
    pub(super) fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}|{}", self.operator(), self.number))
    }

    /// Writes the number as an object.
    pub(super) fn write(&self, json: &mut Json) {
        json.open();
        for (name, value) in self.texts() {
            json.name(name);
            json.text_or_null(value.as_deref());
        }
        json.name("capabilities");
        json.texts(self.capabilities());
        json.name("supportedCustomerActions");
        json.texts(self.actions());
        json.name("reverseNumberLookupOptions");
        json.texts::<&str>(&[]);
        json.close();
    }

    fn texts(&self) -> [(&'static str, Option<Cow<'_, str>>); 15] {
        let own = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
        [
            ("id", Some(Cow::Owned(self.id()))),
            ("telephoneNumber", Some(Cow::Borrowed(self.number.as_str()))),
            ("operatorId", Some(Cow::Borrowed(self.operator()))),
            ("numberType", Some(Cow::Borrowed(self.kind.as_str()))),
            ("activationState", Some(Cow::Borrowed(self.state.as_str()))),
            ("assignmentTargetId", own(&self.target)),
            (
                "assignmentCategory",
                Some(Cow::Borrowed(self.category.as_str())),
            ),
            (
                "assignmentStatus",
                Some(Cow::Borrowed(self.status.as_str())),
            ),
            ("numberSource", Some(Cow::Borrowed(self.source.as_str()))),
            ("isoCountryCode", own(&self.country)),
            ("city", own(&self.city)),
            ("locationId", own(&self.location)),
            ("civicAddressId", None),
            ("networkSiteId", None),
            ("portInStatus", None),
        ]
    }

    fn operator(&self) -> &'static str {
        match self.kind.as_str() {
            "callingPlan" => MICROSOFT,
            "operatorConnect" => "4c1b2f2a-7c0e-4c5d-9d2f-2f6d1f0f6c11",
            _ => "83d289bc-a4d3-41e6-8a3f-cff260a3f091",
        }
    }

    fn actions(&self) -> &'static [&'static str] {
        match self.kind.as_str() {
            "callingPlan" => &["locationUpdate", "release"],
            _ => &[],
        }
    }

    fn capabilities(&self) -> &'static [&'static str] {
        match (self.kind.as_str(), self.status.as_str()) {
            (_, "voiceApplicationAssigned") => &["voiceApplicationAssignment"],
            ("callingPlan" | "operatorConnect", _) => &["userAssignment"],
            _ => &[
                "userAssignment",
                "conferenceAssignment",
                "voiceApplicationAssignment",
            ],
        }
    }
}

impl Facts for NumberRow {
    fn fact(&self, name: &str) -> Fact<'_> {
        match name.to_ascii_lowercase().as_str() {
            "capabilities" => return Fact::texts(self.capabilities()),
            "supportedcustomeractions" => return Fact::texts(self.actions()),
            "reversenumberlookupoptions" => return Fact::texts::<&str>(&[]),
            _ => {}
        }
        self.texts()
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value)
            .map_or(Fact::Null, Fact::Text)
    }
}

impl Tenant {
    /// A number of the inventory.
    pub(super) fn number(&self, number: &str) -> Option<NumberRow> {
        if let Some(row) = self.numbers.get(number) {
            return Some(row.clone());
        }
        let place = self.rank(number);
        self.crowd
            .as_ref()
            .filter(|crowd| place < crowd.numbers())
            .map(|crowd| crowd.number(place))
            .filter(|row| row.number == number)
    }

    /// How many numbers there are.
    pub(super) fn number_count(&self) -> u64 {
        self.crowd.as_ref().map_or(0, super::crowd::Crowd::numbers)
            + self.added_numbers().len() as u64
    }

    /// The numbers from one place on, in ascending order.
    pub(super) fn numbers_from(&self, skip: u64) -> impl Iterator<Item = NumberRow> {
        let added: Vec<(u64, &NumberRow)> = self.added_numbers();
        (skip..self.number_count()).map(move |place| {
            // Of the numbers that were added, those whose own place lies before this one shift the crowd.
            let before = added
                .iter()
                .zip(0..)
                .take_while(|((rank, _), at)| rank + at < place)
                .count();
            match added.get(before) {
                Some((rank, row)) if rank + before as u64 == place => (*row).clone(),
                _ => self.crowd_number(place - before as u64),
            }
        })
    }

    /// All numbers that someone holds.
    pub(super) fn numbers_of(&self, id: &str) -> Vec<NumberRow> {
        let mut rows: Vec<NumberRow> = self
            .numbers
            .values()
            .filter(|row| row.target.as_deref() == Some(id))
            .cloned()
            .collect();
        let own = self
            .crowd
            .as_ref()
            .and_then(|crowd| crowd.number_of(crowd.with_id(id)?));
        rows.extend(own.filter(|row| !self.numbers.contains_key(&row.number)));
        rows
    }

    fn crowd_number(&self, place: u64) -> NumberRow {
        let row = self
            .crowd
            .as_ref()
            .expect("a place that no added number fills is one of the crowd's")
            .number(place);
        self.numbers.get(&row.number).cloned().unwrap_or(row)
    }

    /// The numbers that the crowd does not have, each with how many of the crowd's come before it.
    fn added_numbers(&self) -> Vec<(u64, &NumberRow)> {
        let Some(crowd) = &self.crowd else {
            return self.numbers.values().map(|row| (0, row)).collect();
        };
        self.numbers
            .values()
            .map(|row| (self.rank(&row.number), row))
            .filter(|(rank, row)| {
                *rank >= crowd.numbers() || crowd.number(*rank).number != row.number
            })
            .collect()
    }

    /// How many of the crowd's numbers are less than one.
    fn rank(&self, number: &str) -> u64 {
        let Some(crowd) = &self.crowd else { return 0 };
        let (mut low, mut high) = (0, crowd.numbers());
        while low < high {
            let middle = u64::midpoint(low, high);
            if crowd.number(middle).number.as_str() < number {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// A number as the inventory keeps it: with a `+`, without `tel:`; none if it is no number.
pub(super) fn kept_form(number: &str) -> Option<String> {
    let (base, extension) = match number.split_once(";ext=") {
        Some((base, extension)) => (base, Some(extension)),
        None => (number, None),
    };
    let digits = base.strip_prefix('+').unwrap_or(base);
    let is_number = |text: &str, most: usize| {
        !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(digits, 15)
        || digits.len() < 4
        || digits.starts_with('0')
        || extension.is_some_and(|ext| !is_number(ext, 15))
    {
        return None;
    }
    Some(match extension {
        Some(extension) => format!("+{digits};ext={extension}"),
        None => format!("+{digits}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_operator_and_number() {
        let id = NumberRow::free("+441235123480").id();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).unwrap()).unwrap();
        assert!(text.ends_with("|+441235123480"), "{text}");
    }

    #[test]
    fn numbers_are_kept_with_a_plus() {
        assert_eq!(kept_form("12061234567").as_deref(), Some("+12061234567"));
        assert_eq!(
            kept_form("+14255551000;ext=1234").as_deref(),
            Some("+14255551000;ext=1234")
        );
        for wrong in [
            "tel:+4412",
            "+44 1235",
            "",
            "+0441235123465",
            "+1234567890123456",
            "+14255551000;ext=",
            "+144a5",
        ] {
            assert_eq!(kept_form(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn added_numbers_stand_among_those_of_the_crowd() {
        let mut tenant = Tenant::crowd_of(1_000, "2026-11-01T00:00:00Z".parse().unwrap());
        let plain: Vec<String> = tenant.numbers_from(0).map(|row| row.number).collect();
        assert_eq!(plain.len() as u64, tenant.number_count());
        for number in ["+1", "+9", "+44203000000;ext=1", "+44205"] {
            tenant
                .numbers
                .insert(number.to_owned(), NumberRow::free(number));
        }
        let mut changed = tenant.number(&plain[7]).unwrap();
        changed.let_go();
        tenant.numbers.insert(changed.number.clone(), changed);
        let mixed: Vec<NumberRow> = tenant.numbers_from(0).collect();
        assert_eq!(mixed.len(), plain.len() + 4);
        assert!(mixed.is_sorted_by(|left, right| left.number < right.number));
        assert_eq!(tenant.numbers_from(9).next().unwrap(), mixed[9]);
        assert_eq!(
            mixed
                .iter()
                .find(|row| row.number == plain[7])
                .unwrap()
                .target,
            None
        );
        assert_eq!(tenant.number("+9").unwrap().number, "+9");
        assert_eq!(tenant.number("+8"), None);
    }
}
