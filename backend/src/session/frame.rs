//! A piece of terminal output, as it came from the cluster.

use bytes::{BufMut as _, Bytes, BytesMut};
use podshell_shared::binary::STDOUT;

/// Terminal bytes behind one byte that says so.
///
/// That byte is the same in Kubernetes' channel protocol and in Podshell's binary one, so that a frame
/// of the one is a message of the other as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output(Bytes);

impl Output {
    /// From a frame that begins with [`STDOUT`]; [`None`] if it does not.
    pub fn from_frame(frame: Bytes) -> Option<Self> {
        (frame.first() == Some(&STDOUT)).then_some(Self(frame))
    }

    /// A copy of terminal bytes.
    pub fn copy_of(data: &[u8]) -> Self {
        let mut frame = BytesMut::with_capacity(1 + data.len());
        frame.put_u8(STDOUT);
        frame.put_slice(data);
        Self(frame.freeze())
    }

    /// The terminal bytes.
    pub fn data(&self) -> &[u8] {
        &self.0[1..]
    }

    /// The terminal bytes, which share their memory with this.
    pub fn bytes(&self) -> Bytes {
        self.0.slice(1..)
    }

    /// How many terminal bytes it has.
    pub fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes behind [`STDOUT`], as they came.
    pub fn into_frame(self) -> Bytes {
        self.0
    }
}
