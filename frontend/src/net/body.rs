//! An answer's body, read as it comes.

use gloo_net::http::Response;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

/// The error for a body that broke off: it is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// A body that is being read.
pub(crate) struct Body(ReadableStreamDefaultReader);

impl Body {
    /// The body of an answer, if it has one.
    pub(super) fn of(response: &Response) -> Option<Self> {
        Some(Self(response.body()?.get_reader().unchecked_into()))
    }

    /// What has come of it since; [`None`] at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let part = JsFuture::from(self.0.read()).await.map_err(|_| Broken)?;
        let property = |name: &str| Reflect::get(&part, &name.into()).map_err(|_| Broken);
        if property("done")?.is_truthy() {
            return Ok(None);
        }
        let bytes: Uint8Array = property("value")?.unchecked_into();
        Ok(Some(bytes.to_vec()))
    }
}
