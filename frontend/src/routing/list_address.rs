//! The address of the pod list: which namespace it shows, and what is searched for in it.

use podshell_shared::target::{encode, query_value};

/// The key of the namespace in the query.
const NAMESPACE: &str = "namespace";
/// That of what is searched for.
const SEARCH: &str = "search";

/// What of the pod list is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListAddress {
    /// The one namespace; all of them, if none is named.
    pub(crate) namespace: Option<String>,
    /// As it stands in the field.
    pub(crate) search: String,
}

impl ListAddress {
    /// Reads a query, with or without its question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let value = |key| query_value(query, key).filter(|value| !value.is_empty());
        Self {
            namespace: value(NAMESPACE),
            search: value(SEARCH).unwrap_or_default(),
        }
    }

    /// The address, relative to the document's base.
    pub(crate) fn href(&self) -> String {
        let search = Some(&self.search).filter(|search| !search.is_empty());
        let pairs = [(SEARCH, search), (NAMESPACE, self.namespace.as_ref())];
        let pairs = pairs
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", encode(value?))));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() {
            "./".to_owned()
        } else {
            format!("./?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(namespace: &str, search: &str) -> ListAddress {
        ListAddress {
            namespace: Some(namespace.to_owned()).filter(|name| !name.is_empty()),
            search: search.to_owned(),
        }
    }

    #[test]
    fn an_address_leads_back_to_what_is_shown() {
        for (shown, href) in [
            (of("", ""), "./"),
            (of("shop", ""), "./?namespace=shop"),
            (of("", "web app=a&b"), "./?search=web%20app%3Da%26b"),
            (
                of("shop", "汉 100%"),
                "./?search=%E6%B1%89%20100%25&namespace=shop",
            ),
        ] {
            assert_eq!(shown.href(), href);
            let query = href.trim_start_matches("./");
            assert_eq!(ListAddress::parse(query), shown);
        }
    }

    #[test]
    fn what_else_stands_in_a_query_is_nothing() {
        for query in ["namespace=shop&x=1", "?x=1&namespace=shop&search="] {
            assert_eq!(ListAddress::parse(query), of("shop", ""), "{query}");
        }
        for query in ["", "?", "?namespace=&a=b", "search=%zz"] {
            assert_eq!(ListAddress::parse(query), of("", ""), "{query}");
        }
    }
}
