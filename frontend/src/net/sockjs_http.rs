//! SockJS over plain HTTP: the requests that `polling` asks for, made by the browser.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use podshell_client::{
    codec::{self, Encoded},
    polling::{self, Receiving, Sending},
    transport::Transport,
};
use podshell_shared::{terminal::ClientMessage, utf8::Utf8Stream};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortController, EventSource, EventSourceInit, MessageEvent, ReadableStreamDefaultReader,
};

use crate::{
    browser::random,
    net::{connection_event::ConnectionEvent, credential},
};

/// A session over plain HTTP. Dropped, it tells nobody any more, and stops receiving as soon as all is sent.
pub(crate) struct SockJsConnection(Rc<Shared>);

/// What its requests share.
struct Shared {
    transport: Transport,
    address: String,
    /// Stands in each request's address: the server knows by it whose session that is.
    query: String,
    tell: Box<dyn Fn(ConnectionEvent)>,
    /// Whether anyone wants to be told.
    is_open: Cell<bool>,
    receiving: RefCell<Receiving>,
    sending: RefCell<Sending>,
    /// Ends the request that receives.
    abort: AbortController,
    events: RefCell<Option<Events>>,
}

/// The browser's own client of an event stream.
struct Events {
    source: EventSource,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut()>,
}

impl SockJsConnection {
    /// Begins a session under the document's base.
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
        let shared = Rc::new(Shared {
            transport,
            address: transport.address(base, random::number),
            query: query.to_owned(),
            tell: Box::new(tell),
            is_open: Cell::new(true),
            receiving: RefCell::default(),
            sending: RefCell::default(),
            abort: AbortController::new()?,
            events: RefCell::new(None),
        });
        if transport == Transport::EventSource {
            shared.listen()?;
        } else {
            spawn_local(Rc::clone(&shared).receive());
        }
        Ok(Self(shared))
    }

    /// Sends a message, behind those before it.
    pub(crate) fn send(&self, message: &ClientMessage) {
        let Encoded::Text(text) = self.0.transport.encode(message) else {
            return;
        };
        let then = self.0.sending.borrow_mut().push(text);
        if let polling::Action::Request(batch) = then {
            spawn_local(Rc::clone(&self.0).send(batch));
        }
    }
}

impl Drop for SockJsConnection {
    fn drop(&mut self) {
        self.0.is_open.set(false);
        self.0.stop_receiving();
    }
}

impl Shared {
    fn tell(&self, news: ConnectionEvent) {
        if self.is_open.get() {
            (self.tell)(news);
        }
    }

    fn hear(&self, frame: &str) {
        for heard in codec::decode_text(frame) {
            self.tell(ConnectionEvent::ServerEvent(heard));
        }
    }

    fn give_up(&self) {
        self.tell(ConnectionEvent::Closed);
    }

    /// Ends what receives, unless something is still to be sent: what is said last would be lost with the session.
    fn stop_receiving(&self) {
        if !self.is_open.get() && self.sending.borrow().is_done() {
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
            if self.receiving.borrow_mut().done(good) == polling::Action::GiveUp {
                return self.give_up();
            }
        }
    }

    /// Takes in one response; [`None`] if it breaks.
    async fn receive_once(&self) -> Option<()> {
        let request = match self.transport {
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
        let reader: ReadableStreamDefaultReader = response.body()?.get_reader().unchecked_into();
        let mut characters = Utf8Stream::default();
        loop {
            let part = JsFuture::from(reader.read()).await.ok()?;
            if Reflect::get(&part, &"done".into()).ok()?.is_truthy() {
                return Some(());
            }
            let bytes = Reflect::get(&part, &"value".into()).ok()?;
            let bytes = bytes.unchecked_into::<Uint8Array>().to_vec();
            let mut text = String::new();
            characters.push(&bytes, |part| text.push_str(part));
            let frames = self.receiving.borrow_mut().receive(&text);
            frames.iter().for_each(|frame| self.hear(frame));
        }
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
                    let frame = me.receiving.borrow_mut().receive_event(&data);
                    me.hear(&frame);
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
                let then = me.receiving.borrow_mut().done(true);
                if then == polling::Action::GiveUp || me.listen().is_err() {
                    me.give_up();
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
        format!("{}/{request}?{}", self.address, self.query)
    }

    /// Sends what waits, one request after the other.
    async fn send(self: Rc<Self>, mut batch: String) {
        loop {
            let request = self
                .post("xhr_send")
                .header("content-type", "text/plain")
                .body(batch);
            let good = match request {
                Ok(request) => request.send().await.is_ok_and(|response| response.ok()),
                Err(_) => false,
            };
            let then = self.sending.borrow_mut().done(good);
            match then {
                polling::Action::Request(next) => batch = next,
                polling::Action::Wait => break,
                polling::Action::GiveUp => {
                    self.give_up();
                    break;
                }
            }
        }
        self.stop_receiving();
    }
}
