//! YAML of a kubeconfig as values, in which a number that stands for text is the text as it was written.
//!
//! What YAML takes for a number has lost that: a token of `0123` would be 123.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use serde_saphyr::{
    Error, Location, Spanned, options,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

/// Below these, types count: all else is text, a list or a mapping.
const TYPED: [&str; 4] = [
    "insecure-skip-tls-verify",
    "disable-compression",
    "provideClusterInfo",
    "extensions",
];

/// The documents in a text. Of a key that comes twice, the last one counts.
///
/// # Errors
///
/// If it is no YAML.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Error> {
    let options = options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    let trees: Vec<Spanned<Tree>> = serde_saphyr::from_multiple_with_options(text, options)?;
    let values = trees.into_iter().map(|tree| value(tree, text, false));
    Ok(values.collect())
}

fn value(tree: Spanned<Tree>, text: &str, is_typed: bool) -> Value {
    match tree.value {
        Tree::Typed(value) if is_typed => value,
        Tree::Typed(value) => {
            let written = written(text, tree.defined);
            written
                .map_or_else(|| value.to_string(), str::to_owned)
                .into()
        }
        Tree::Text(text) => text.into(),
        Tree::Null => Value::Null,
        Tree::List(items) => items
            .into_iter()
            .map(|item| value(item, text, is_typed))
            .collect(),
        Tree::Map(entries) => entries
            .into_iter()
            .map(|(key, item)| {
                let is_typed = is_typed || TYPED.contains(&key.as_str());
                let item = value(item, text, is_typed);
                (key, item)
            })
            .collect(),
    }
}

/// What stands at a place.
fn written(text: &str, at: Location) -> Option<&str> {
    let (start, length) = (at.span().byte_offset()?, at.span().byte_len()?);
    let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
    text.get(start..start + length)
}

/// What stands there, as far as YAML tells by itself.
enum Tree {
    Null,
    /// A number or a truth value.
    Typed(Value),
    Text(String),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(String, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Typed(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Typed(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Typed(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Typed(value.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }
}
