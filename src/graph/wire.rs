//! JSON as Graph sends it, read in one pass and without trust: a field of a wrong type spoils that field and nothing else.
//!
//! Texts are borrowed from the page wherever they hold no escapes; what decides nothing is skipped without being stored.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Longest text that is taken; a longer one counts as a wrong type.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;

/// A field as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Soft<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// Something that this field cannot be.
    Wrong,
    /// A value.
    Is(T),
}

impl<T> Soft<T> {
    pub(super) fn some(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Null | Self::Wrong => None,
        }
    }

    /// The value in another form; `None` from `read` means that it is of a wrong form.
    pub(super) fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Soft<U> {
        match self {
            Self::Absent => Soft::Absent,
            Self::Null => Soft::Null,
            Self::Wrong => Soft::Wrong,
            Self::Is(value) => read(value).map_or(Soft::Wrong, Soft::Is),
        }
    }

    pub(super) fn map<U>(self, read: impl FnOnce(T) -> U) -> Soft<U> {
        self.and_then(|value| Some(read(value)))
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// What a type can be made of. Whatever it does not name is read over and counts as wrong.
pub(super) trait Field<'de>: Sized {
    fn text(_: Cow<'de, str>) -> Option<Self> {
        None
    }
    fn flag(_: bool) -> Option<Self> {
        None
    }
    fn integer(_: i64) -> Option<Self> {
        None
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de> Field<'de> for Cow<'de, str> {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        (text.len() <= LONGEST_TEXT).then_some(text)
    }
}

impl Field<'_> for bool {
    fn flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl Field<'_> for i64 {
    fn integer(integer: i64) -> Option<Self> {
        Some(integer)
    }
}

/// A list keeps the elements that can be read; others are dropped.
impl<'de, T: Field<'de>> Field<'de> for Vec<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut out = Self::new();
        while let Some(element) = list.next_element::<Soft<T>>()? {
            out.extend(element.some());
        }
        Ok(Some(out))
    }
}

impl<'de, T: Field<'de>> Deserialize<'de> for Soft<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

fn soft<T>(value: Option<T>) -> Soft<T> {
    value.map_or(Soft::Wrong, Soft::Is)
}

impl<'de, T: Field<'de>> Visitor<'de> for Reader<T> {
    type Value = Soft<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<Soft<T>, E> {
        Ok(soft(T::flag(flag)))
    }
    fn visit_i64<E: Error>(self, integer: i64) -> Result<Soft<T>, E> {
        Ok(soft(T::integer(integer)))
    }
    fn visit_u64<E: Error>(self, integer: u64) -> Result<Soft<T>, E> {
        Ok(soft(i64::try_from(integer).ok().and_then(T::integer)))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Soft<T>, E> {
        Ok(Soft::Wrong)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Soft<T>, E> {
        Ok(soft(T::text(Cow::Owned(text.to_owned()))))
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Soft<T>, E> {
        Ok(soft(T::text(Cow::Borrowed(text))))
    }
    fn visit_unit<E: Error>(self) -> Result<Soft<T>, E> {
        Ok(Soft::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Soft<T>, A::Error> {
        T::list(list).map(soft)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Soft<T>, A::Error> {
        T::object(object).map(soft)
    }
}

/// A key: borrowed, unless it holds an escape.
pub(super) struct Key<'de>(pub Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct KeyReader;
        impl<'de> Visitor<'de> for KeyReader {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
        }
        from.deserialize_str(KeyReader)
    }
}

/// Reads an object field by field: the named keys into their places, the others over. A key that comes twice makes its field
/// wrong, since nobody can say which of the two is meant.
macro_rules! read_object {
    ($object:ident, $row:ident, { $($key:literal => $field:ident),+ $(,)? }) => {
        while let Some($crate::graph::wire::Key(key)) = $object.next_key()? {
            match &*key {
                $($key => {
                    let value = $object.next_value()?;
                    $row.$field = if $row.$field.is_absent() { value } else { $crate::graph::wire::Soft::Wrong };
                })+
                _ => {
                    $object.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
    };
}
pub(super) use read_object;

/// One page of a list: the envelope, and the elements that could be read.
#[derive(Debug)]
pub(super) struct Page<'de, T> {
    /// `value`; only an array will do.
    pub items: Vec<T>,
    /// Elements that were no object of the kind.
    pub dropped: u32,
    /// `@odata.count`.
    pub count: Soft<i64>,
    /// `@odata.nextLink`.
    pub next: Soft<Cow<'de, str>>,
    /// `@odata.deltaLink`.
    pub delta: Soft<Cow<'de, str>>,
}

/// The elements of a list. Unlike `Vec`, it counts what it drops.
#[derive(Debug)]
pub(super) struct Items<T> {
    pub kept: Vec<T>,
    pub dropped: u32,
}

impl<'de, T: Field<'de>> Field<'de> for Items<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let (mut kept, mut dropped) = (Vec::new(), 0);
        while let Some(element) = list.next_element::<Soft<T>>()? {
            match element {
                Soft::Is(element) => kept.push(element),
                Soft::Absent | Soft::Null | Soft::Wrong => dropped += 1,
            }
        }
        Ok(Some(Self { kept, dropped }))
    }
}

struct Envelope<'de, T> {
    value: Soft<Items<T>>,
    count: Soft<i64>,
    next: Soft<Cow<'de, str>>,
    delta: Soft<Cow<'de, str>>,
}

impl<'de, T: Field<'de>> Field<'de> for Envelope<'de, T> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self {
            value: Soft::Absent,
            count: Soft::Absent,
            next: Soft::Absent,
            delta: Soft::Absent,
        };
        read_object!(object, row, {
            "value" => value,
            "@odata.count" => count,
            "@odata.nextLink" => next,
            "@odata.deltaLink" => delta,
        });
        Ok(Some(row))
    }
}

/// Reads a page. A missing `value` is an error and never an empty page: nothing may be taken for "all gone".
pub(super) fn read_page<'de, T: Field<'de>>(
    text: &'de str,
) -> Result<Page<'de, T>, super::error::DecodeError> {
    use super::error::DecodeError::Missing;
    let envelope: Envelope<'de, T> = serde_json::from_str::<Soft<_>>(text)?
        .some()
        .ok_or(Missing("the list"))?;
    let items = envelope.value.some().ok_or(Missing("value"))?;
    // A link that cannot be read must not pass for the end of the list.
    if envelope.next == Soft::Wrong {
        return Err(Missing("@odata.nextLink"));
    }
    if envelope.delta == Soft::Wrong {
        return Err(Missing("@odata.deltaLink"));
    }
    Ok(Page {
        items: items.kept,
        dropped: items.dropped,
        count: envelope.count,
        next: envelope.next,
        delta: envelope.delta,
    })
}

/// Reads a single entity, whether it comes plain or, as some samples have it, inside `value`.
pub(super) fn read_single<'de, T: Field<'de>>(
    text: &'de str,
) -> Result<T, super::error::DecodeError> {
    use super::error::DecodeError::Missing;
    let wrapped: Wrapped<T> = serde_json::from_str::<Soft<_>>(text)?
        .some()
        .ok_or(Missing("the entity"))?;
    match wrapped.value {
        Soft::Is(value) => Ok(value),
        Soft::Absent => serde_json::from_str::<Soft<T>>(text)?
            .some()
            .ok_or(Missing("the entity")),
        Soft::Null | Soft::Wrong => Err(Missing("value")),
    }
}

struct Wrapped<T> {
    value: Soft<T>,
}

impl<'de, T: Field<'de>> Field<'de> for Wrapped<T> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self {
            value: Soft::Absent,
        };
        read_object!(object, row, { "value" => value });
        Ok(Some(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Default)]
    struct Row<'de> {
        name: Soft<Cow<'de, str>>,
        on: Soft<bool>,
    }

    impl<'de> Field<'de> for Row<'de> {
        fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
            let mut row = Self::default();
            read_object!(object, row, { "name" => name, "on" => on });
            Ok(Some(row))
        }
    }

    #[test]
    fn a_wrong_type_spoils_its_field_alone() {
        let text = r#"{"value":[{"name":"a\u00e9","on":true,"x":{"y":[1]}},{"name":{"n":1},"on":null},7,{"name":"b","name":"c"}],"@odata.count":4}"#;
        let page = read_page::<Row<'_>>(text).unwrap();
        assert_eq!(
            page.items,
            [
                Row {
                    name: Soft::Is("aé".into()),
                    on: Soft::Is(true)
                },
                Row {
                    name: Soft::Wrong,
                    on: Soft::Null
                },
                Row {
                    name: Soft::Wrong,
                    on: Soft::Absent
                },
            ]
        );
        assert_eq!(page.dropped, 1);
        assert_eq!(page.count, Soft::Is(4));
        assert_eq!(page.next, Soft::Absent);
    }

    #[test]
    fn a_page_without_a_list_is_an_error() {
        for text in [
            "{}",
            "[]",
            "null",
            r#"{"value":null}"#,
            r#"{"value":{}}"#,
            r#"{"value":[],"value":[]}"#,
            r#"{"value":[],"@odata.nextLink":5}"#,
            r#"{"value":[]"#,
            r#"{"value":[{"name":"cut"#,
            "",
        ] {
            assert!(read_page::<Row<'_>>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_stack_overflow() {
        let text = format!(r#"{{"value":[{{"x":{}}}]}}"#, "[".repeat(100_000));
        assert!(read_page::<Row<'_>>(&text).is_err());
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let page = read_page::<Row<'_>>(r#"{"value":[{"name":"plain"}]}"#).unwrap();
        assert!(matches!(
            &page.items[0].name,
            Soft::Is(Cow::Borrowed("plain"))
        ));
    }

    #[test]
    fn an_overlong_text_is_wrong() {
        let text = format!(r#"{{"name":"{}"}}"#, "x".repeat(LONGEST_TEXT + 1));
        assert_eq!(read_single::<Row<'_>>(&text).unwrap().name, Soft::Wrong);
    }

    #[test]
    fn single_entities_plain_and_wrapped() {
        let plain = read_single::<Row<'_>>(r#"{"name":"a"}"#).unwrap();
        let wrapped = read_single::<Row<'_>>(r#"{"value":{"name":"a"}}"#).unwrap();
        assert_eq!(plain, wrapped);
        assert!(read_single::<Row<'_>>("[]").is_err());
        assert!(read_single::<Row<'_>>(r#"{"value":3}"#).is_err());
    }
}
