//! The parsing role.

use super::instance::Instance;
use crate::parser::{Outcome, Parser, Utterance};
use crate::{Failure, TaskContext};

/// One of the many instances of a parser.
pub struct ParserTask<P>(Instance<P>);

impl<P> ParserTask<P> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self(Instance::new())
    }
}

impl<P: Parser> ParserTask<P> {
    pub fn open(&self, context: TaskContext) -> Result<(), Failure> {
        self.0.open(context, P::open)
    }

    pub fn parse(&self, utterance: Utterance) -> Result<Outcome, Failure> {
        self.0.call(P::open, |parser| parser.parse(utterance))
    }

    pub fn close(&self) {
        self.0.close();
    }
}
