//! What has to hold of a table: whoever lays its answers over each other has what is in it, however they come.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn table_of(texts: &Rc<Texts>) -> Table {
    Table::new(Rc::clone(texts))
}

/// What a client makes of answers.
#[derive(Debug, Default)]
struct Client {
    version: Option<Version>,
    pods: BTreeMap<String, String>,
}

fn text(json: &[u8]) -> String {
    String::from_utf8(json.to_vec()).unwrap()
}

fn key(name: &Name) -> String {
    format!("{}/{}", name.namespace, name.name)
}

impl Client {
    /// Asks once; gives whether there is more.
    fn ask(&mut self, table: &Table, bytes: usize) -> bool {
        // As it comes over the wire.
        let since = self.version.map(|version| version.to_string());
        let since = since.map(|version| version.parse().unwrap());
        let changes = table.changes(since, bytes);
        if !changes.partial {
            self.pods.clear();
        }
        for gone in changes.gone {
            self.pods.remove(&key(gone));
        }
        for json in changes.pods {
            let json = text(json);
            let (name, _) = json.split_once('=').unwrap();
            self.pods.insert(name.to_owned(), json.clone());
        }
        self.version = Some(changes.version);
        changes.more
    }

    fn catch_up(&mut self, table: &Table, bytes: usize) {
        while self.ask(table, bytes) {}
        assert!(!table.has_news(self.version));
    }
}

/// All that is in a table, in its order.
fn all(table: &Table, bytes: usize) -> Vec<String> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let (pods, next) = table.after(last.as_ref(), bytes);
        all.extend(pods.into_iter().map(text));
        match next {
            Some(name) => last = Some(name),
            None => return all,
        }
    }
}

fn put(table: &mut Table, namespace: &str, name: &str, looks: &str) {
    let json = format!("{namespace}/{name}={looks}");
    table.put(namespace, name, json.into(), table.round);
}

#[test]
fn versions_are_read_as_they_are_written() {
    let version = table_of(&Rc::default()).version();
    assert_eq!(version.to_string().parse(), Ok(version));
    for odd in ["", "1", "1.2", "x.1.1", "1.-2.3", "é"] {
        assert_eq!(odd.parse::<Version>(), Err(()), "{odd}");
    }
}

#[test]
fn only_what_changed_is_told_and_the_latest_of_it() {
    let mut table = table_of(&Rc::default());
    put(&mut table, "a", "one", "1");
    put(&mut table, "b", "two", "1");
    let mut client = Client::default();
    client.catch_up(&table, 1 << 20);
    assert!(!table.has_news(client.version));
    // What looks as before is no change.
    put(&mut table, "a", "one", "1");
    assert!(!table.has_news(client.version));
    for looks in ["2", "3", "4"] {
        put(&mut table, "a", "one", looks);
    }
    table.remove("b", "two");
    table.remove("b", "never");
    let changes = table.changes(client.version, 1 << 20);
    assert!(changes.partial && !changes.more);
    let pods: Vec<_> = changes.pods.iter().map(|json| text(json)).collect();
    assert_eq!(pods, ["a/one=4"]);
    let gone: Vec<_> = changes.gone.iter().map(|name| key(name)).collect();
    assert_eq!(gone, ["b/two"]);
}

#[test]
fn what_the_api_server_does_not_tell_of_any_more_is_gone() {
    let mut table = table_of(&Rc::default());
    for name in ["one", "two"] {
        put(&mut table, "a", name, "1");
        put(&mut table, "b", name, "1");
    }
    let mut client = Client::default();
    client.catch_up(&table, 10);
    let round = table.begin_round();
    put(&mut table, "a", "two", "1");
    table.sweep(Some("a"), round);
    client.catch_up(&table, 1);
    let names: Vec<_> = client.pods.keys().collect();
    assert_eq!(names, ["a/two", "b/one", "b/two"]);
    table.begin_round();
    table.sweep(None, table.round);
    client.catch_up(&table, 1);
    assert!(client.pods.is_empty());
}

#[test]
fn who_missed_too_much_and_who_comes_from_elsewhere_begin_anew() {
    let mut table = table_of(&Rc::default());
    put(&mut table, "a", "kept", "1");
    let mut client = Client::default();
    client.catch_up(&table, 1);
    let before = client.version;
    for number in 0..=GONE {
        let name = number.to_string();
        put(&mut table, "a", &name, "1");
        table.remove("a", &name);
    }
    assert!(!table.changes(before, 1).partial);
    assert!(
        !table
            .changes(Some(table_of(&Rc::default()).version()), 1)
            .partial
    );
    // Nothing is kept for ever.
    assert!(table.order.len() <= GONE + 1 && table.gone.len() <= GONE);
    // A client that begins with all that behind it comes to its end.
    client.version = None;
    client.catch_up(&table, 1);
    assert_eq!(client.pods.len(), 1);
    // One and the same name leaves no more than others.
    for _ in 0..2 * GONE {
        put(&mut table, "a", "again", "1");
        table.remove("a", "again");
    }
    assert!(table.order.len() <= GONE + 1 && table.oldest.len() <= GONE);
}

#[test]
fn tables_share_what_looks_the_same_and_leave_nothing_behind() {
    let texts = Rc::default();
    let (mut one, mut other) = (table_of(&texts), table_of(&texts));
    for table in [&mut one, &mut other] {
        put(table, "a", "one", "1");
        put(table, "a", "two", "1");
    }
    assert_eq!(texts.count(), 2);
    put(&mut one, "a", "one", "2");
    one.remove("a", "two");
    assert_eq!(texts.count(), 3);
    drop(other);
    assert_eq!(texts.count(), 1);
    drop(one);
    assert_eq!(texts.count(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Remove(u8),
    /// The API server tells of all again, without what has an odd number.
    Round,
    /// The client asks once, for so many bytes.
    Ask(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..12, 0_u8..4).prop_map(|(name, looks)| Step::Put(name, looks)),
        3 => (0_u8..12).prop_map(Step::Remove),
        1 => Just(Step::Round),
        3 => (1_usize..30).prop_map(Step::Ask),
    ]
}

proptest! {
    #[test]
    fn answers_laid_over_each_other_are_what_is_there(
        steps in proptest::collection::vec(step(), 0..120),
        bytes in 1_usize..40,
    ) {
        let mut table = table_of(&Rc::default());
        let mut client = Client::default();
        let place = |name: u8| (["a", "b", "c"][usize::from(name % 3)], name.to_string());
        for step in steps {
            match step {
                Step::Put(name, looks) => {
                    let (namespace, name) = place(name);
                    put(&mut table, namespace, &name, &looks.to_string());
                }
                Step::Remove(name) => {
                    let (namespace, name) = place(name);
                    table.remove(namespace, &name);
                }
                Step::Round => {
                    let told: Vec<_> = table.pods.iter().map(|(name, row)| (name.clone(), row.json.to_vec())).collect();
                    let round = table.begin_round();
                    for (name, json) in told {
                        if name.name.parse::<u8>().unwrap() % 2 == 0 {
                            table.put(&name.namespace, &name.name, json, round);
                        }
                    }
                    table.sweep(None, round);
                }
                Step::Ask(bytes) => {
                    client.ask(&table, bytes);
                }
            }
        }
        client.catch_up(&table, bytes);
        let listed = all(&table, bytes);
        let keys: Vec<_> = table.pods.keys().map(key).collect();
        let names = listed.iter().map(|json| json.split_once('=').unwrap().0.to_owned());
        prop_assert_eq!(names.collect::<Vec<_>>(), keys);
        let by_name = listed.into_iter().map(|json| (json.split_once('=').unwrap().0.to_owned(), json));
        prop_assert_eq!(client.pods, by_name.collect());
    }
}
