//! A listener to the size of an element, which ends when it is dropped.

use wasm_bindgen::prelude::*;
use web_sys::{Element, ResizeObserver};

/// Calls back when an element has another size, also when it is shown and hidden.
pub(crate) struct ResizeListener {
    observer: ResizeObserver,
    _callback: Closure<dyn FnMut()>,
}

impl ResizeListener {
    /// Listens to the size of an element.
    pub(crate) fn new(element: &Element, callback: impl FnMut() + 'static) -> Self {
        let callback = Closure::<dyn FnMut()>::new(callback);
        let observer = ResizeObserver::new(callback.as_ref().unchecked_ref())
            .expect("a browser with WebAssembly has a ResizeObserver");
        observer.observe(element);
        Self {
            observer,
            _callback: callback,
        }
    }
}

impl Drop for ResizeListener {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
