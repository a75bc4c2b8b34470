//! All terminals of the page over one SockJS session over plain HTTP: the requests that the client's `multiplex` asks for, made
//! by the browser.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::{Rc, Weak},
};

use gloo_net::http::{Request, RequestBuilder, Response};
use gloo_timers::callback::Timeout;
use podshell_client::{
    multiplex::{ChannelEvent, Multiplex, Then},
    transport::Transport,
};
use podshell_shared::{terminal::ClientMessage, utf8::Utf8Stream};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, EventSource, EventSourceInit, MessageEvent};

use crate::{
    browser::{clock, random},
    net::{body::Body, connection_event::ConnectionEvent, credential},
};

thread_local! {
    /// Those of the page: mostly one, by the transport that works. Its channels keep it, and then what they said last.
    static PAGE: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

/// The connection of one terminal. Dropped, it tells nobody any more, and is over as soon as all is sent.
pub(crate) struct Channel {
    shared: Rc<Shared>,
    number: u32,
}

type Owner = Rc<dyn Fn(ConnectionEvent)>;

/// One session and its requests.
struct Shared {
    state: RefCell<Multiplex>,
    /// Who is told what happens on a channel.
    owners: RefCell<HashMap<u32, Owner>>,
    base: String,
    /// The session's.
    address: RefCell<String>,
    /// Ends the request that receives.
    abort: AbortController,
    events: RefCell<Option<Events>>,
    /// Has acknowledgements go that wait for something that they can go with.
    ack_timer: RefCell<Option<Timeout>>,
}

/// The browser's own client of an event stream.
struct Events {
    source: EventSource,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut()>,
}

impl Channel {
    /// Opens a connection, over the session that the page has, if it has one; else that is begun, under the document's base.
    ///
    /// # Errors
    ///
    /// What the browser says of an address that it won't connect to.
    pub(crate) fn open(
        transport: Transport,
        base: &str,
        query: &str,
        tell: impl Fn(ConnectionEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let there = PAGE.with_borrow_mut(|page| {
            page.retain(|shared| shared.strong_count() > 0);
            let mut there = page.iter().filter_map(Weak::upgrade);
            there.find(|shared| shared.has_room_by(transport))
        });
        let is_there = there.is_some();
        let shared = match there {
            Some(shared) => shared,
            None => Shared::new(transport, base)?,
        };
        let number = shared.state.borrow_mut().open(query);
        shared.owners.borrow_mut().insert(number, Rc::new(tell));
        let channel = Self { shared, number };
        let shared = Rc::clone(&channel.shared);
        if is_there {
            // Whoever opens it is not ready to be told.
            spawn_local(async move { shared.deliver() });
        } else {
            shared.begin()?;
            PAGE.with_borrow_mut(|page| page.push(Rc::downgrade(&shared)));
        }
        Ok(channel)
    }

    /// Sends a message, behind those before it.
    pub(crate) fn send(&self, message: &ClientMessage) {
        let now = clock::now();
        self.shared
            .state
            .borrow_mut()
            .say(self.number, message, now);
        self.shared.send_next();
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.shared.owners.borrow_mut().remove(&self.number);
        self.shared.state.borrow_mut().leave(self.number);
        self.shared.send_next();
    }
}

impl Shared {
    fn new(transport: Transport, base: &str) -> Result<Rc<Self>, JsValue> {
        Ok(Rc::new(Self {
            state: RefCell::new(Multiplex::new(transport)),
            owners: RefCell::default(),
            base: base.to_owned(),
            address: RefCell::new(transport.address(base, random::number)),
            abort: AbortController::new()?,
            events: RefCell::default(),
            ack_timer: RefCell::default(),
        }))
    }

    fn has_room_by(&self, transport: Transport) -> bool {
        let state = self.state.borrow();
        state.transport() == transport && state.has_room()
    }

    fn begin(self: &Rc<Self>) -> Result<(), JsValue> {
        if self.transport() == Transport::EventSource {
            return self.listen();
        }
        spawn_local(Rc::clone(self).receive());
        Ok(())
    }

    fn transport(&self) -> Transport {
        self.state.borrow().transport()
    }

    /// Tells what has happened. Whoever is told may do anything, also leave or open a channel.
    fn deliver(&self) {
        loop {
            let event = self.state.borrow_mut().next_event();
            let Some((number, event)) = event else { break };
            let owner = self.owners.borrow().get(&number).cloned();
            if let Some(tell) = owner {
                tell(match event {
                    ChannelEvent::Server(event) => ConnectionEvent::ServerEvent(event),
                    ChannelEvent::Closed => ConnectionEvent::Closed,
                });
            }
        }
        self.stop_if_done();
    }

    /// Ends what receives once nobody is there, and all is sent: what is said last would be lost with the session.
    fn stop_if_done(&self) {
        if self.state.borrow_mut().is_done() {
            self.abort.abort();
            if let Some(events) = self.events.borrow_mut().take() {
                events.source.close();
            }
        }
    }

    /// Receives until the session ends.
    async fn receive(self: Rc<Self>) {
        loop {
            let good = self.receive_once().await.is_some();
            if !self.goes_on(good) {
                return;
            }
        }
    }

    /// A response that receives is over; tells whether another request is to be made.
    fn goes_on(&self, good: bool) -> bool {
        let then = self.state.borrow_mut().received(good);
        if then == Then::Open {
            let address = self.transport().address(&self.base, random::number);
            *self.address.borrow_mut() = address;
        }
        self.deliver();
        then != Then::Stop
    }

    /// Takes in one response; [`None`] if it breaks.
    async fn receive_once(&self) -> Option<()> {
        let request = match self.transport() {
            Transport::XhrStreaming => "xhr_streaming",
            _ => "xhr",
        };
        let response = self
            .post(request)
            .abort_signal(Some(&self.abort.signal()))
            .send()
            .await
            .ok()
            .filter(Response::ok)?;
        let mut body = Body::of(&response)?;
        let mut characters = Utf8Stream::default();
        while let Some(bytes) = body.next().await.ok()? {
            let mut text = String::new();
            characters.push(&bytes, |part| text.push_str(part));
            self.state.borrow_mut().receive(&text);
            self.deliver();
        }
        Some(())
    }

    /// Receives as long as the browser does so by itself, and begins anew when a response was complete.
    fn listen(self: &Rc<Self>) -> Result<(), JsValue> {
        let init = EventSourceInit::new();
        init.set_with_credentials(true);
        let address = self.address_of("eventsource");
        let source = EventSource::new_with_event_source_init_dict(&address, &init)?;
        let on_message = {
            let me = Rc::downgrade(self);
            Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
                if let (Some(me), Some(data)) = (me.upgrade(), event.data().as_string()) {
                    me.state.borrow_mut().receive_event(&data);
                    me.deliver();
                }
            })
        };
        let on_error = {
            let me = Rc::downgrade(self);
            Closure::<dyn FnMut()>::new(move || {
                let Some(me) = me.upgrade() else { return };
                // The browser would wait for seconds.
                if let Some(events) = me.events.borrow_mut().take() {
                    events.source.close();
                }
                if me.goes_on(true) && me.listen().is_err() {
                    me.state.borrow_mut().lose();
                    me.deliver();
                }
            })
        };
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        *self.events.borrow_mut() = Some(Events {
            source,
            _on_message: on_message,
            _on_error: on_error,
        });
        Ok(())
    }

    /// A request of this session. What stands in its address tells whose it is, but for a token that was handed over.
    fn post(&self, request: &str) -> RequestBuilder {
        let request = Request::post(&self.address_of(request));
        match credential::key().filter(|_| credential::is_handed_over()) {
            Some(token) => request.header("Authorization", &format!("Bearer {token}")),
            None => request,
        }
    }

    fn address_of(&self, request: &str) -> String {
        let (address, state) = (self.address.borrow(), self.state.borrow());
        format!("{address}/{request}?{}", state.query())
    }

    /// Sends what waits, unless a request does so already.
    fn send_next(self: &Rc<Self>) {
        let batch = self.state.borrow_mut().next_batch(clock::now());
        match batch {
            Some(batch) => {
                self.ack_timer.take();
                spawn_local(Rc::clone(self).send(batch));
            }
            None => {
                self.time_acks();
                self.stop_if_done();
            }
        }
    }

    /// Has what waits go alone after a while.
    fn time_acks(self: &Rc<Self>) {
        let mut timer = self.ack_timer.borrow_mut();
        let deadline = self.state.borrow().ack_deadline();
        if let Some(deadline) = deadline.filter(|_| timer.is_none()) {
            let wait = (deadline - clock::now()).max(0.0).ceil() as u32;
            let me = Rc::downgrade(self);
            *timer = Some(Timeout::new(wait, move || {
                if let Some(me) = me.upgrade() {
                    me.ack_timer.take();
                    me.send_next();
                }
            }));
        }
    }

    async fn send(self: Rc<Self>, batch: String) {
        let request = self
            .post("xhr_send")
            .header("content-type", "text/plain")
            .body(batch);
        let good = match request {
            Ok(request) => request.send().await.is_ok_and(|response| response.ok()),
            Err(_) => false,
        };
        self.state.borrow_mut().sent(good);
        self.deliver();
        self.send_next();
    }
}
