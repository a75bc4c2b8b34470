//! A connection as it is: messages and frames to and fro in whatever order one likes, also such as no client sends.
//!
//! It is for what a [`Driver`](crate::Driver) can't do, for that does only what the protocol allows.

use std::{collections::VecDeque, io};

use futures_util::{SinkExt as _, StreamExt as _};
use http::{
    HeaderValue,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
};
use podshell_shared::{
    binary,
    terminal::{ClientMessage, KEY_PROTOCOL, PROTOCOL, ServerMessage},
    text,
};
use sockjs::frame::Frame;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};

/// How a client's messages are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `podshell.v1` over a plain WebSocket.
    Binary,
    /// Dashboard's messages and Podshell's own, over SockJS.
    Text,
}

/// Where a server is, and what signs in to it.
#[derive(Clone, Debug)]
pub struct Address {
    /// IP address and port.
    pub host: String,
    /// Sent as a bearer token.
    pub token: String,
}

/// Why a connection could not be made, used or understood.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No TCP connection.
    #[error("can't connect: {0}")]
    Connect(#[from] io::Error),
    /// No WebSocket, or none any more.
    #[error("WebSocket: {0}")]
    Socket(#[from] tungstenite::Error),
    /// The server does not speak the protocol.
    #[error("the server said what can't be read: {0}")]
    Message(String),
}

/// Opens a WebSocket; `read_buffer` is in bytes.
pub(crate) async fn connect(
    request: http::Request<()>,
    address: &Address,
    read_buffer: usize,
) -> Result<WebSocketStream<TcpStream>, ClientError> {
    let stream = TcpStream::connect(&address.host).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(read_buffer)
        .write_buffer_size(0);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

/// Asks for a connection.
fn upgrade(
    address: &Address,
    encoding: Encoding,
    query: &str,
) -> Result<http::Request<()>, ClientError> {
    let path = match encoding {
        Encoding::Binary => "ws/api/sockjs/websocket",
        Encoding::Text => "ws/api/sockjs/000/abcdefgh/websocket",
    };
    let mut request = format!("ws://{}/{path}{query}", address.host).into_client_request()?;
    if encoding == Encoding::Binary {
        let protocol = HeaderValue::from_static(PROTOCOL);
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(request)
}

/// A connection that may be bound to a session.
#[derive(Debug)]
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    encoding: Encoding,
    /// Messages that came in one frame with another.
    heard: VecDeque<ServerMessage>,
    /// The close code and what stood beside it, once they came.
    closed: Option<(u16, String)>,
}

impl Connection {
    /// Connects as a script does; over SockJS the server has said that the session is open. `read_buffer` is in bytes.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the server does not answer as it should.
    pub async fn open(
        address: &Address,
        encoding: Encoding,
        read_buffer: usize,
    ) -> Result<Self, ClientError> {
        let mut request = upgrade(address, encoding, "")?;
        let bearer = HeaderValue::try_from(format!("Bearer {}", address.token))
            .map_err(http::Error::from)
            .map_err(tungstenite::Error::from)?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
        Self::open_by(request, address, encoding, read_buffer).await
    }

    /// Connects as a page does that has no id yet: its key is a subprotocol on offer. In binary.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the server does not answer as it should.
    pub async fn open_early(address: &Address, read_buffer: usize) -> Result<Self, ClientError> {
        let encoding = Encoding::Binary;
        let mut request = upgrade(address, encoding, "")?;
        let offer = format!("{PROTOCOL}, {KEY_PROTOCOL}{}", address.token);
        let offer = HeaderValue::try_from(offer)
            .map_err(http::Error::from)
            .map_err(tungstenite::Error::from)?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
        Self::open_by(request, address, encoding, read_buffer).await
    }

    /// Connects as a page does, which shows in the query what it may be opened for.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the server does not answer as it should.
    pub async fn open_with(
        address: &Address,
        encoding: Encoding,
        shown: &str,
    ) -> Result<Self, ClientError> {
        let request = upgrade(address, encoding, &format!("?{shown}"))?;
        Self::open_by(request, address, encoding, 4 << 10).await
    }

    /// Connects by any request for a WebSocket; over SockJS the server has said that the session is open.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the server does not answer as it should.
    pub async fn open_by(
        request: http::Request<()>,
        address: &Address,
        encoding: Encoding,
        read_buffer: usize,
    ) -> Result<Self, ClientError> {
        let socket = connect(request, address, read_buffer).await?;
        let mut connection = Self {
            socket,
            encoding,
            heard: VecDeque::new(),
            closed: None,
        };
        if encoding == Encoding::Text {
            match connection.frame().await? {
                Some(Message::Text(text)) if text == "o" => {}
                other => return Err(ClientError::Message(format!("{other:?} is not open"))),
            }
        }
        Ok(connection)
    }

    /// How messages are encoded here.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The close code in this encoding and what stood beside it, once they came.
    pub fn closed(&self) -> Option<(u16, &str)> {
        let (code, reason) = self.closed.as_ref()?;
        Some((*code, reason))
    }

    /// Says something.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the connection is lost.
    pub async fn say(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        Ok(self.socket.send(self.encode(message)?).await?)
    }

    /// Says a text frame as it is.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the connection is lost.
    pub async fn say_frame(&mut self, frame: String) -> Result<(), ClientError> {
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// Says something and goes, in one breath.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the connection is lost.
    pub async fn say_last(mut self, message: &ClientMessage) -> Result<(), ClientError> {
        self.socket.feed(self.encode(message)?).await?;
        Ok(self.socket.send(Message::Close(None)).await?)
    }

    fn encode(&self, message: &ClientMessage) -> Result<Message, ClientError> {
        Ok(match self.encoding {
            Encoding::Binary => Message::binary(binary::encode_client(message)),
            Encoding::Text => {
                let batch = serde_json::to_string(&[text::encode_client(message)]);
                Message::text(batch.map_err(|error| ClientError::Message(error.to_string()))?)
            }
        })
    }

    /// Waits for the next message; [`None`] at the end of the connection. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`] for what is no message.
    pub async fn hear(&mut self) -> Result<Option<ServerMessage>, ClientError> {
        loop {
            if let Some(message) = self.heard.pop_front() {
                return Ok(Some(message));
            }
            let Some(frame) = self.frame().await? else {
                return Ok(None);
            };
            self.understand(frame)?;
        }
    }

    /// Waits for the next WebSocket message as it is; [`None`] at the end of the connection, in good order
    /// or not. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if the server breaks the WebSocket protocol.
    pub async fn frame(&mut self) -> Result<Option<Message>, ClientError> {
        loop {
            match self.socket.next().await {
                Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => {
                    return Ok(Some(message));
                }
                // Read on, so that pings and the closing handshake are answered.
                Some(Ok(Message::Close(Some(frame)))) if self.encoding == Encoding::Binary => {
                    self.closed = Some((frame.code.into(), frame.reason.as_str().to_owned()));
                }
                Some(Ok(_)) => {}
                None
                | Some(Err(
                    tungstenite::Error::Io(_)
                    | tungstenite::Error::ConnectionClosed
                    | tungstenite::Error::AlreadyClosed
                    | tungstenite::Error::Protocol(
                        tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
                    ),
                )) => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Reads the messages out of a frame; [`hear`](Self::hear) gives them.
    ///
    /// # Errors
    ///
    /// [`ClientError`] for what is no message.
    pub fn understand(&mut self, frame: Message) -> Result<(), ClientError> {
        let wrong = |error: &dyn std::fmt::Display| ClientError::Message(error.to_string());
        match frame {
            Message::Binary(bytes) => {
                let message = binary::decode_server(bytes).map_err(|error| wrong(&error))?;
                self.heard.push_back(message);
            }
            Message::Text(frame) => match Frame::decode(&frame).map_err(|error| wrong(&error))? {
                Frame::Messages(texts) => {
                    for text in texts {
                        let message = text::decode_server(&text).map_err(|error| wrong(&error))?;
                        self.heard.push_back(message);
                    }
                }
                Frame::Close { code, reason } => self.closed = Some((code, reason)),
                Frame::Open | Frame::Heartbeat => {}
            },
            _ => {}
        }
        Ok(())
    }
}
