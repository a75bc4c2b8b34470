//! Who may redeem which id, when and where.

use base64::engine::general_purpose::STANDARD;
use podshell_shared::terminal::MAX_ID;
use proptest::prelude::*;

use super::*;

fn target() -> Target {
    Target {
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        container: "app".to_owned(),
        shell: Some(Shell::Sh),
        mode: Mode::Exec,
        windows: false,
        image: "sha256:0".to_owned(),
    }
}

fn tickets() -> Tickets {
    Tickets::new(TicketKeys::random(), Scope::new(["here"]))
}

fn caller(name: &str) -> Caller {
    Caller(name.into())
}

#[test]
fn good_once_for_its_caller() {
    let tickets = tickets();
    let now = SystemTime::now();
    let id = tickets.mint(&caller("ann"), &target(), now);
    assert!(!id.contains(['.', '/', '+', '=']), "{id}");
    let redeem = |name, id: &str| tickets.redeem(&caller(name), id, now);
    assert_eq!(redeem("bob", &id), Err(Refused::Unknown));
    assert_eq!(redeem("ann", &id), Ok(target()));
    assert_eq!(redeem("ann", &id), Err(Refused::Used));
}

#[test]
fn good_for_thirty_seconds() {
    let tickets = tickets();
    let now = SystemTime::now();
    let after = |seconds| now + Duration::from_secs(seconds);
    let redeem = |seconds| {
        let id = tickets.mint(&caller("ann"), &target(), now);
        tickets.redeem(&caller("ann"), &id, after(seconds))
    };
    assert_eq!(redeem(29), Ok(target()));
    assert_eq!(redeem(30), Err(Refused::Expired));
}

#[test]
fn unknown_to_another_server() {
    let now = SystemTime::now();
    let id = tickets().mint(&caller("ann"), &target(), now);
    assert_eq!(
        tickets().redeem(&caller("ann"), &id, now),
        Err(Refused::Unknown)
    );
}

#[test]
fn keys_change_while_ids_are_under_way() {
    let line = |byte: u8| STANDARD.encode([byte; 32]);
    let with = |lines: &[String]| {
        Tickets::new(
            lines.join("\n").parse::<TicketKeys>().unwrap(),
            Scope::new(["shop"]),
        )
    };
    let (old, new) = (line(1), line(2));
    let now = SystemTime::now();
    let redeem = |by: &Tickets, of: &Tickets| {
        let id = of.mint(&caller("ann"), &target(), now);
        by.redeem(&caller("ann"), &id, now)
    };
    let (before, between, after) = (
        with(std::slice::from_ref(&old)),
        with(&["# new first".to_owned(), new.clone(), String::new(), old]),
        with(&[new]),
    );
    assert_eq!(redeem(&between, &before), Ok(target()));
    assert_eq!(redeem(&after, &between), Ok(target()));
    assert_eq!(redeem(&after, &before), Err(Refused::Unknown));
}

#[test]
fn until_it_is_redeemed_it_tells_whose_it_is() {
    let tickets = tickets();
    let now = SystemTime::now();
    let late = now + VALID;
    let id = tickets.mint(&caller("ann"), &target(), now);
    let other = tickets.mint(&caller("ann"), &target(), now);
    let of = |id: &str, now| tickets.caller(id, now);
    assert_eq!(of(&id, now), Some(caller("ann")));
    assert_eq!(of(&id, late), None);
    // Who may not have it does not spoil it.
    assert!(tickets.redeem(&caller("bob"), &id, now).is_err());
    assert_eq!(of(&id, now), Some(caller("ann")));
    tickets.redeem(&caller("ann"), &id, now).unwrap();
    assert_eq!(of(&id, now), None);
    assert_eq!(of(&other, now), Some(caller("ann")));
}

#[test]
fn ids_are_short() {
    let target = Target {
        image: format!("docker.io/library/bash@sha256:{}", "0".repeat(64)),
        ..target()
    };
    let id = tickets().mint(&caller("local"), &target, SystemTime::now());
    assert!(id.len() < 260, "{}", id.len());
}

#[test]
fn the_longest_id_may_be_sent() {
    let target = Target {
        namespace: "n".repeat(63),
        pod: "p".repeat(253),
        container: "c".repeat(63),
        image: "i".repeat(500),
        ..target()
    };
    let id = tickets().mint(&caller(&"ann".repeat(100)), &target, SystemTime::now());
    assert!(id.len() < MAX_ID / 2, "{}", id.len());
}

proptest! {
    #[test]
    fn noise_is_unknown(id in ".{0,200}") {
        prop_assert_eq!(
            tickets().redeem(&caller("ann"), &id, SystemTime::now()),
            Err(Refused::Unknown)
        );
    }

    #[test]
    fn a_changed_id_is_unknown(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let tickets = tickets();
        let now = SystemTime::now();
        let mut id = URL_SAFE_NO_PAD
            .decode(tickets.mint(&caller("ann"), &target(), now))
            .unwrap();
        let at = at.index(id.len());
        id[at] ^= 1 << bit;
        let id = URL_SAFE_NO_PAD.encode(id);
        prop_assert_eq!(tickets.redeem(&caller("ann"), &id, now), Err(Refused::Unknown));
    }

    /// With the same key: whatever the cluster, the mode or the run are called.
    #[test]
    fn an_id_is_good_in_its_scope_alone(
        here in prop::collection::vec("[ab]{0,3}", 0..4),
        there in prop::collection::vec("[ab]{0,3}", 0..4),
    ) {
        let key = STANDARD.encode([7; 32]);
        let with = |parts: &[String]| Tickets::new(key.parse::<TicketKeys>().unwrap(), Scope::new(parts));
        let now = SystemTime::now();
        let id = with(&here).mint(&caller("ann"), &target(), now);
        let other = with(&there);
        if here == there {
            prop_assert_eq!(other.caller(&id, now), Some(caller("ann")));
            prop_assert_eq!(other.redeem(&caller("ann"), &id, now), Ok(target()));
        } else {
            prop_assert_eq!(other.caller(&id, now), None);
            prop_assert_eq!(other.redeem(&caller("ann"), &id, now), Err(Refused::Unknown));
        }
    }

    #[test]
    fn what_is_sealed_comes_back(
        names in ("\\PC*", any::<String>(), any::<String>(), any::<String>(), any::<String>()),
        shell in prop::sample::select(vec![None, Some(Shell::Bash), Some(Shell::Sh), Some(Shell::Powershell), Some(Shell::Cmd)]),
        attach in any::<bool>(),
        windows in any::<bool>(),
    ) {
        let (name, namespace, pod, container, image) = names;
        let mode = if attach { Mode::Attach } else { Mode::Exec };
        let target = Target { namespace, pod, container, shell, mode, windows, image };
        let (tickets, now) = (tickets(), SystemTime::now());
        let id = tickets.mint(&caller(&name), &target, now);
        prop_assert_eq!(tickets.redeem(&caller(&name), &id, now), Ok(target));
    }
}
