//! How the records of a batch are compressed: Kafka's own codes and frames, so that any Kafka client reads them.

use std::io::{Read, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BatchError, COMPRESSION_MASK};
use crate::limits::BATCH_PLAIN_BYTES_MAX;

/// Of the records of a batch; the header is never compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    #[default]
    None,
    /// The LZ4 frame format: cheap.
    Lz4,
    /// Zstandard: small.
    Zstd,
}

impl Compression {
    pub(super) fn of(attributes: i16) -> Result<Self, BatchError> {
        match attributes & COMPRESSION_MASK {
            0 => Ok(Self::None),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            other => Err(BatchError::Compression(other)),
        }
    }

    pub(super) fn attributes(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The records, compressed. `None` where that is not what is asked for, or saves nothing.
    pub(super) fn compress(self, records: &[u8]) -> Option<Vec<u8>> {
        let compressed = match self {
            Self::None => return None,
            Self::Lz4 => {
                let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::with_capacity(records.len() / 2));
                frame.write_all(records).ok()?;
                frame.finish().ok()?
            }
            Self::Zstd => zstd::bulk::compress(records, zstd::DEFAULT_COMPRESSION_LEVEL).ok()?,
        };
        (compressed.len() < records.len()).then_some(compressed)
    }

    /// Bounded: what claims to be small may unfold to anything.
    pub(super) fn decompress(self, stored: Bytes) -> Result<Bytes, BatchError> {
        let reader: Box<dyn Read + '_> = match self {
            Self::None => return Ok(stored),
            Self::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(&stored[..])),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(&stored[..]).map_err(failed)?),
        };
        let mut plain = Vec::with_capacity((stored.len() * 4).min(BATCH_PLAIN_BYTES_MAX));
        reader.take(BATCH_PLAIN_BYTES_MAX as u64 + 1).read_to_end(&mut plain).map_err(failed)?;
        if plain.len() > BATCH_PLAIN_BYTES_MAX {
            return Err(BatchError::Decompression(format!("more than {BATCH_PLAIN_BYTES_MAX} bytes come out")));
        }
        Ok(plain.into())
    }
}

fn failed(error: std::io::Error) -> BatchError {
    BatchError::Decompression(error.to_string())
}
