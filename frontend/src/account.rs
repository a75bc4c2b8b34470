//! Who uses the page, where people sign in by something else than the printed link: what is known of them, and whether the
//! sign-in page stands in the place of what they wanted.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use podshell_shared::api::{Me, SignInMethod};
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::clock,
    error::{Failure, Kind},
    last_user,
    net::{
        api, credential,
        sign_in_mark::{self, Elsewhere},
    },
    session::{loss, view::TerminalView},
};

/// So long after it could not be said who uses the page it is asked again, in ms.
const AGAIN: u32 = 5_000;

/// Who uses the page, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    /// Nobody who has a name, in local mode and before the server has said so.
    me: RwSignal<Option<Me>>,
    /// Whether the server has said who it is. Where nobody has been known by name, it makes no difference.
    has_heard: RwSignal<bool>,
    /// When the sign-in ends, whatever is done with it, on the page's clock, in ms, if that is known.
    ends: RwSignal<Option<f64>>,
    /// What the cluster is called and what stands beside that, once the server has said so.
    cluster: RwSignal<Option<(String, Option<String>)>>,
    /// Whether the server takes nothing that the browser has.
    is_out: RwSignal<bool>,
    /// What is asked for in the place of the page's content.
    asked: RwSignal<Option<SignInMethod>>,
    /// Why it is. A signal of its own: what is half typed in a form outlives another reason for it.
    why: RwSignal<Why>,
}

/// Why somebody is to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nobody has.
    New,
    /// Who had is signed in no more.
    Expired,
    /// The user has signed out, here or in another tab.
    SignedOut,
    /// The request did not come by the proxy that signs people in.
    NotByProxy,
}

/// Keeps account of who uses the page. Asks for that if it `asks`.
pub(crate) fn provide_account(asks: bool) {
    let account = Account {
        me: RwSignal::default(),
        has_heard: RwSignal::new(asks && !last_user::is_kept()),
        ends: RwSignal::default(),
        cluster: RwSignal::default(),
        is_out: RwSignal::default(),
        asked: RwSignal::default(),
        why: RwSignal::new(Why::New),
    };
    provide_context(account);
    if !asks {
        return;
    }
    let tabs = sign_in_mark::follow_other_tabs(move |news| match news {
        Elsewhere::SignedIn => account.go_on(),
        Elsewhere::SignedOut => account.has_signed_out(),
    });
    // As long as the page.
    StoredValue::new_local(tabs);
    spawn_local(account.find_out());
}

/// Who uses the page.
pub(crate) fn use_account() -> Account {
    expect_context()
}

impl Account {
    /// Who it is, if they have a name here.
    pub(crate) fn me(self) -> Option<Me> {
        self.me.get()
    }

    /// Whether what a terminal shows is for who uses the page: what was left in this tab is theirs or has been taken away, for the
    /// server has said who they are, or it has let them go on with that very session. A frame's user is known to the page around
    /// it alone.
    pub(crate) fn may_see(self, view: TerminalView) -> bool {
        let connection = view.connection.get();
        self.has_heard.get() || connection.is_some_and(|connection| connection.is_own)
    }

    /// What the cluster is called, once that is known, and what stands beside its name.
    pub(crate) fn cluster(self) -> Option<(String, Option<String>)> {
        self.cluster.get()
    }

    /// What the cluster is called, as far as that is known; tracks nothing.
    pub(crate) fn cluster_name(self) -> String {
        let cluster = self.cluster.get_untracked();
        cluster.map(|(name, _)| name).unwrap_or_default()
    }

    /// When the sign-in ends, whatever is done with it, on the page's clock, in ms, if that is known.
    pub(crate) fn ends(self) -> Option<f64> {
        self.ends.get()
    }

    /// What the sign-in page asks for; [`None`] where the page shows what it is for.
    pub(crate) fn asked(self) -> Option<SignInMethod> {
        self.asked.get()
    }

    /// Why it asks.
    pub(crate) fn why(self) -> Why {
        self.why.get()
    }

    /// Whether people sign in on the page here, as far as is known.
    pub(crate) fn is_known(self) -> bool {
        self.is_out.get_untracked() || self.me.with_untracked(Option::is_some)
    }

    /// Whether the server takes nothing that the browser has, so that there is no use in asking it for anything.
    pub(crate) fn is_out(self) -> bool {
        self.is_out.get()
    }

    /// Something was refused: asks for a sign-in, if that is why.
    pub(crate) fn refused(self, failure: &Failure) {
        if failure.kind == Kind::SignedOut {
            let is_known = self.me.with_untracked(Option::is_some);
            self.ask(match &*failure.reason {
                "not-by-proxy" => Why::NotByProxy,
                _ if is_known => Why::Expired,
                _ => Why::New,
            });
        }
    }

    /// Asks for a sign-in.
    pub(crate) fn ask(self, why: Why) {
        self.is_out.set(true);
        spawn_local(async move {
            let method = api::sign_in_method().await;
            let Some(method) = method.filter(|method| *method != SignInMethod::Link) else {
                return;
            };
            // Why it was asked for first is what the user has not read yet. That somebody signed out is more than that it was
            // noticed here first.
            let is_first = self.asked.with_untracked(Option::is_none);
            if is_first || self.why.get_untracked() == Why::New || why == Why::SignedOut {
                self.why.set(why);
            }
            if is_first {
                self.asked.set(Some(method));
            }
        });
    }

    /// The user wants to see what is left on the page.
    pub(crate) fn look(self) {
        self.asked.set(None);
    }

    /// Somebody has signed in on this page: shows what they wanted, and tells other tabs.
    pub(crate) fn has_signed_in(self) {
        sign_in_mark::signed_in();
        self.go_on();
    }

    /// Ends the sign-in; `failed` is told where that can't be done.
    pub(crate) fn sign_out(self, failed: impl FnOnce(Failure) + 'static) {
        spawn_local(async move {
            match api::sign_out().await {
                Err(failure) if failure.kind != Kind::SignedOut => failed(failure),
                // Or it had ended already.
                Ok(()) | Err(_) => {
                    sign_in_mark::signed_out();
                    self.has_signed_out();
                }
            }
        });
    }

    fn has_signed_out(self) {
        self.me.set(None);
        self.ask(Why::SignedOut);
    }

    /// Somebody has signed in, here or in another tab.
    fn go_on(self) {
        spawn_local(async move {
            // Who it is has to be known first: what another has left on the page is not for them.
            self.find_out().await;
            self.is_out.set(false);
            self.asked.set(None);
        });
    }

    async fn find_out(self) {
        let me = api::me().await;
        if me
            .as_ref()
            .is_err_and(|failure| failure.kind != Kind::SignedOut)
        {
            // Until then nobody knows whose it is that is on the page.
            Timeout::new(AGAIN, move || spawn_local(self.find_out())).forget();
        }
        if let Ok(mut me) = me {
            let name = std::mem::take(&mut me.cluster);
            self.cluster.set(Some((name, me.mark.take())));
            // Who signs in anew is the same one.
            let ends = me.ends.take();
            self.ends
                .set(ends.map(|ends| clock::now() + ends as f64 * 1000.0));
            loss::sessions_are_kept(std::mem::take(&mut me.kept));
            // The key says that it is whoever has started the server.
            if credential::key().is_none() {
                sign_in_mark::seen();
            }
            let me = Some(me).filter(|me| me.user.is_some());
            if self.me.with_untracked(|known| *known != me) {
                self.me.set(me);
            }
            self.has_heard.set(true);
        }
    }
}
