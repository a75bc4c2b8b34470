//! The rules of SockJS 0.3.3, class by class as its specification has them, over real sockets. The Hixie-76 draft of
//! the websocket transport alone is left out: no browser speaks it any more.

mod closing;
mod cookies;
mod encoding;
mod guard;
mod http_versions;
mod jsonp;
mod limits;
mod liveness;
mod polling;
mod sending;
mod streaming;
mod urls;
mod websocket;
