//! `$filter`: the part of the language that the directory and the Teams gateway take here.
//!
//! A filter is parsed, held against the list of what a collection can be asked for, and then asked of each row. What
//! is not in that list is refused as Graph does it, with `Request_UnsupportedQuery`, rather than answered wrongly.

use std::borrow::Cow;

use super::syntax::{Literal, Operator, Test, invalid, parsed};
use super::wire::Refusal;

/// What a row says of one of its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact<'a> {
    /// Nothing.
    Null,
    /// A text; compared without regard to case.
    Text(Cow<'a, str>),
    /// A truth value.
    Truth(bool),
    /// A collection: each element with its fields; a bare text has the field "".
    Items(Vec<Vec<(&'static str, String)>>),
}

impl<'a> Fact<'a> {
    /// A text that may be missing.
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// A collection of bare texts.
    pub(super) fn texts<S: AsRef<str>>(texts: &[S]) -> Self {
        Self::Items(
            texts
                .iter()
                .map(|text| vec![("", text.as_ref().to_owned())])
                .collect(),
        )
    }
}

/// A row that can be asked.
pub(super) trait Facts {
    /// The value of a property.
    fn fact(&self, name: &str) -> Fact<'_>;
}

/// What can be asked of a collection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Askable {
    /// What Graph calls its rows when it refuses.
    pub resource: &'static str,
    /// The properties that can be asked for, and how far.
    pub properties: &'static [(&'static str, Reach)],
}

impl Askable {
    fn reach(&self, name: &str) -> Option<Reach> {
        self.properties
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, reach)| *reach)
    }

    fn refusal(&self, name: &str) -> Refusal {
        Refusal::unsupported(format!(
            "Unsupported or invalid query filter clause specified for property '{name}' of resource '{}'.",
            self.resource
        ))
    }
}

/// How far a property may be filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// eq, in, startswith.
    Always,
    /// any() over a collection.
    Any,
    /// any() over a collection; whether it is empty, by `/$count`, with the advanced header alone.
    AnyCounted,
    /// any() over a collection, with the advanced header alone.
    AnyAdvanced,
}

/// A parsed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    clause: Test,
}

impl Filter {
    /// Parses a filter and holds it against what may be asked. `advanced` says whether the caller sent
    /// `ConsistencyLevel: eventual` together with `$count=true`.
    pub(super) fn read(text: &str, askable: &Askable, advanced: Advanced) -> Result<Self, Refusal> {
        let clause = parsed(text)?;
        check(&clause, askable, advanced)?;
        Ok(Self { clause })
    }

    /// Whether a row passes.
    pub(super) fn passes(&self, row: &dyn Facts) -> bool {
        passes(&self.clause, row)
    }

    /// The values that a property has to have, if the filter is nothing but `eq`, `in` and `or` of that property. A
    /// large tenant is not walked through for one id.
    pub(super) fn wanted(&self, property: &str) -> Option<Vec<String>> {
        wanted(&self.clause, property)
    }
}

/// Whether the caller asked in the advanced way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advanced {
    /// Header and `$count=true` were both there.
    Yes,
    /// One of them, or both, were missing.
    No,
}

impl Advanced {
    fn or_refuse(self, what: &str) -> Result<(), Refusal> {
        match self {
            Self::Yes => Ok(()),
            Self::No => Err(Refusal::unsupported(format!(
                "Operator '{what}' is not supported because the 'ConsistencyLevel:eventual' header is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
            ))),
        }
    }
}

fn check(clause: &Test, askable: &Askable, advanced: Advanced) -> Result<(), Refusal> {
    let needs = |what: &str| advanced.or_refuse(what);
    let plain = |name: &str| match askable.reach(name) {
        Some(Reach::Always) => Ok(()),
        _ => Err(askable.refusal(name)),
    };
    match clause {
        Test::And(left, right) | Test::Or(left, right) => {
            check(left, askable, advanced)?;
            check(right, askable, advanced)
        }
        Test::Not(inner) => {
            needs("not")?;
            check(inner, askable, advanced)
        }
        Test::Compare(name, _, literal) if counted(name).is_some() => {
            let is_counted = counted(name)
                .is_some_and(|counted| askable.reach(counted) == Some(Reach::AnyCounted));
            // Whether there are any is all that the directory can tell.
            if !is_counted || *literal != Literal::Text("0".to_owned()) {
                return Err(askable.refusal(name));
            }
            needs("$count")
        }
        Test::Compare(name, operator, literal) => {
            plain(name)?;
            if *operator == Operator::Ne {
                needs("ne")?;
            }
            if *literal == Literal::Null {
                needs("eq null")?;
            }
            Ok(())
        }
        Test::In(name, literals) => {
            plain(name)?;
            if literals.len() > 15 {
                return Err(Refusal::unsupported(
                    "Too many child clauses specified in search filter expression containing 'OR' operators: the maximum is 15.",
                ));
            }
            Ok(())
        }
        Test::Starts(name, _) => plain(name),
        Test::Ends(name, _) => {
            plain(name)?;
            needs("endsWith")
        }
        Test::Any(name, inner) => match askable.reach(name) {
            Some(Reach::Any | Reach::AnyCounted) => check_inner(name, inner),
            Some(Reach::AnyAdvanced) if advanced == Advanced::Yes => check_inner(name, inner),
            Some(Reach::AnyAdvanced) => Err(Refusal::unsupported(format!(
                "Complex query on property {name} is not supported."
            ))),
            Some(Reach::Always) | None => plain(&format!("{name}/any")),
        },
    }
}

/// The collection whose elements are counted.
fn counted(name: &str) -> Option<&str> {
    name.strip_suffix("/$count")
}

/// Inside `any()`, an `or` of two SKUs is refused by the directory.
fn check_inner(name: &str, inner: &Test) -> Result<(), Refusal> {
    match inner {
        Test::Or(..) if name.eq_ignore_ascii_case("assignedLicenses") => Err(invalid(name)),
        Test::Any(..) | Test::Not(..) => Err(Refusal::unsupported(format!(
            "Complex query on property {name} is not supported."
        ))),
        Test::And(left, right) | Test::Or(left, right) => {
            check_inner(name, left)?;
            check_inner(name, right)
        }
        Test::Compare(..) | Test::In(..) | Test::Starts(..) | Test::Ends(..) => Ok(()),
    }
}

fn passes(clause: &Test, row: &dyn Facts) -> bool {
    match clause {
        Test::And(left, right) => passes(left, row) && passes(right, row),
        Test::Or(left, right) => passes(left, row) || passes(right, row),
        Test::Not(inner) => !passes(inner, row),
        Test::Compare(name, operator, _) if counted(name).is_some() => {
            let collection = row.fact(counted(name).unwrap_or(name));
            let is_empty = matches!(collection, Fact::Items(items) if items.is_empty());
            is_empty == (*operator == Operator::Eq)
        }
        Test::Compare(name, operator, literal) => {
            equals(&row.fact(name), literal) == (*operator == Operator::Eq)
        }
        Test::In(name, literals) => literals
            .iter()
            .any(|literal| equals(&row.fact(name), literal)),
        Test::Starts(name, start) => {
            matches!(row.fact(name), Fact::Text(found) if folded(&found).starts_with(&folded(start)))
        }
        Test::Ends(name, end) => {
            matches!(row.fact(name), Fact::Text(found) if folded(&found).ends_with(&folded(end)))
        }
        Test::Any(name, inner) => match row.fact(name) {
            Fact::Items(items) => items.iter().any(|item| passes(inner, &Item(item))),
            Fact::Null | Fact::Text(_) | Fact::Truth(_) => false,
        },
    }
}

fn wanted(clause: &Test, property: &str) -> Option<Vec<String>> {
    match clause {
        Test::Compare(name, Operator::Eq, Literal::Text(text))
            if name.eq_ignore_ascii_case(property) =>
        {
            Some(vec![text.clone()])
        }
        Test::In(name, literals) if name.eq_ignore_ascii_case(property) => literals
            .iter()
            .map(|literal| match literal {
                Literal::Text(text) => Some(text.clone()),
                Literal::Null | Literal::Truth(_) => None,
            })
            .collect(),
        Test::Or(left, right) => {
            let mut all = wanted(left, property)?;
            all.extend(wanted(right, property)?);
            Some(all)
        }
        _ => None,
    }
}

/// One element of a collection, asked like a row.
struct Item<'a>(&'a [(&'static str, String)]);

impl Facts for Item<'_> {
    fn fact(&self, name: &str) -> Fact<'_> {
        Fact::text(
            self.0
                .iter()
                .find(|(field, _)| field.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str()),
        )
    }
}

fn equals(fact: &Fact<'_>, literal: &Literal) -> bool {
    match (fact, literal) {
        (Fact::Null, Literal::Null) => true,
        (Fact::Truth(truth), Literal::Truth(wanted)) => truth == wanted,
        (Fact::Text(text), Literal::Text(wanted)) => {
            text.as_ref() == wanted || folded(text) == folded(wanted)
        }
        _ => false,
    }
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKABLE: Askable = Askable {
        resource: "Thing",
        properties: PROPERTIES,
    };
    const PROPERTIES: &[(&str, Reach)] = &[
        ("id", Reach::Always),
        ("displayName", Reach::Always),
        ("accountEnabled", Reach::Always),
        ("mail", Reach::Always),
        ("proxyAddresses", Reach::Any),
        ("assignedPlans", Reach::AnyAdvanced),
        ("assignedLicenses", Reach::AnyCounted),
    ];

    struct Row;

    impl Facts for Row {
        fn fact(&self, name: &str) -> Fact<'_> {
            match name {
                "id" => Fact::text(Some("1")),
                "displayName" => Fact::text(Some("Ann O'Brien")),
                "accountEnabled" => Fact::Truth(true),
                "proxyAddresses" => Fact::texts(&["SMTP:ann@x", "smtp:a@x"]),
                "assignedLicenses" => Fact::Items(vec![vec![("skuId", "abc".to_owned())]]),
                _ => Fact::Null,
            }
        }
    }

    fn verdict(text: &str) -> Result<bool, String> {
        match Filter::read(text, &ASKABLE, Advanced::No) {
            Ok(filter) => Ok(filter.passes(&Row)),
            Err(refusal) => Err(refusal.code),
        }
    }

    #[test]
    fn what_the_directory_takes() {
        assert_eq!(verdict("displayName eq 'ann o''brien'"), Ok(true));
        assert_eq!(
            verdict("displayName eq 'Ann' or id in ('2', '1')"),
            Ok(true)
        );
        assert_eq!(
            verdict("(displayName eq 'Ann' or id eq '1') and accountEnabled eq false"),
            Ok(false)
        );
        assert_eq!(verdict("startswith(displayName,'ann')"), Ok(true));
        assert_eq!(verdict("startsWith(mail, 'a')"), Ok(false));
        assert_eq!(verdict("proxyAddresses/any(p:p eq 'smtp:A@x')"), Ok(true));
        assert_eq!(
            verdict("proxyAddresses/any(p:startswith(p,'smtp:b'))"),
            Ok(false)
        );
        assert_eq!(verdict("assignedLicenses/any(x:x/skuId eq abc)"), Ok(true));
    }

    #[test]
    fn what_the_directory_refuses() {
        let unsupported = Err("Request_UnsupportedQuery".to_owned());
        assert_eq!(verdict("mobilePhone eq '1'"), unsupported);
        assert_eq!(verdict("displayName ne 'x'"), unsupported);
        assert_eq!(verdict("mail eq null"), unsupported);
        assert_eq!(verdict("endswith(mail,'x')"), unsupported);
        assert_eq!(verdict("not accountEnabled eq true"), unsupported);
        assert_eq!(verdict("displayName gt 'x'"), unsupported);
        assert_eq!(
            verdict(
                "assignedPlans/any(a:a/servicePlanId eq b and a/capabilityStatus eq 'Enabled')"
            ),
            unsupported
        );
        assert_eq!(
            verdict("assignedLicenses/any(x:x/skuId eq a or x/skuId eq b)"),
            Err("BadRequest".to_owned())
        );
        for broken in [
            "",
            "displayName",
            "displayName eq",
            "displayName eq 'x",
            "(id eq '1'",
            "id eq '1' id",
            "id in ()",
        ] {
            assert_eq!(verdict(broken), Err("BadRequest".to_owned()), "{broken}");
        }
    }

    #[test]
    fn the_advanced_way_opens_more() {
        for text in [
            "displayName ne 'x'",
            "mail eq null",
            "endswith(displayName,'BRIEN')",
            "not (id eq '2')",
            "assignedLicenses/$count ne 0",
            "not(assignedLicenses/$count eq 0)",
            "assignedLicenses/any(x:x/skuId eq abc)",
        ] {
            let filter = Filter::read(text, &ASKABLE, Advanced::Yes).unwrap();
            assert!(filter.passes(&Row), "{text}");
        }
    }

    #[test]
    fn a_collection_is_asked_whether_it_is_empty_and_no_more() {
        let read = |text: &str| Filter::read(text, &ASKABLE, Advanced::Yes);
        let empty = read("assignedLicenses/$count eq 0").unwrap();
        assert!(!empty.passes(&Row));
        for text in [
            "assignedLicenses/$count eq 1",
            "assignedLicenses/$count eq '1'",
            "proxyAddresses/$count eq 0",
            "displayName/$count eq 0",
        ] {
            let refusal = read(text).unwrap_err();
            assert_eq!(refusal.code, "Request_UnsupportedQuery", "{text}");
        }
        assert_eq!(
            verdict("assignedLicenses/$count eq 0"),
            Err("Request_UnsupportedQuery".to_owned())
        );
    }

    #[test]
    fn a_refusal_names_the_resource() {
        let refusal = Filter::read("mobilePhone eq '1'", &ASKABLE, Advanced::No).unwrap_err();
        assert_eq!(
            refusal.message,
            "Unsupported or invalid query filter clause specified for property 'mobilePhone' of resource 'Thing'."
        );
    }

    #[test]
    fn ids_that_are_asked_for_by_name() {
        let filter = Filter::read(
            "id eq 'a' or id eq 'b' or id in ('c')",
            &ASKABLE,
            Advanced::No,
        )
        .unwrap();
        assert_eq!(
            filter.wanted("id"),
            Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()])
        );
        let filter = Filter::read(
            "id eq 'a' and accountEnabled eq true",
            &ASKABLE,
            Advanced::No,
        )
        .unwrap();
        assert_eq!(filter.wanted("id"), None);
    }
}
