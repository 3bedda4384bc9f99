//! A reading: a command that a sentence may mean, how likely that is, and which of its names nothing is called by.

use kafka_do_sdk::parser::Command;

use crate::names::{Fit, Name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub command: Command,
    pub confidence: u8,
    /// Names that nothing has, or that were taken for others in a command that destroys.
    pub doubts: Vec<Name>,
    /// Names that were put together from several words.
    pub coined: Vec<Name>,
    /// What is to be asked before it is done, though it can be read.
    pub unsure: Option<String>,
}

impl Reading {
    pub(crate) fn new(command: Command, confidence: u8) -> Self {
        Self { command, confidence, doubts: Vec::new(), coined: Vec::new(), unsure: None }
    }

    /// It is about something that exists.
    pub(crate) fn about(mut self, name: &Name) -> Self {
        let is_doubtful = match name.fit {
            Fit::Unknown => true,
            Fit::Plural => destroys(&self.command),
            Fit::Exact | Fit::Folded | Fit::Several => false,
        };
        self = self.naming(name);
        if is_doubtful {
            self.doubts.push(name.clone());
        }
        self
    }

    /// It names something, which may also be new.
    pub(crate) fn naming(mut self, name: &Name) -> Self {
        self.confidence -= match name.fit {
            Fit::Exact => 0,
            Fit::Folded => 2,
            Fit::Plural => 6,
            Fit::Several => 10,
            Fit::Unknown => 15,
        }
        .min(self.confidence);
        if name.fit == Fit::Several {
            self.doubts.push(name.clone());
        }
        self
    }

    /// It makes something of a name; one that was put together from words may have been a slip in a sentence.
    pub(crate) fn coining(mut self, name: &Name, is_joined: bool) -> Self {
        if is_joined {
            self.coined.push(name.clone());
        }
        self
    }

    /// It may be meant in another way, and then it would be wrong to do it.
    pub(crate) fn unsure(mut self, question: Option<String>) -> Self {
        self.unsure = self.unsure.or(question);
        self
    }
}

/// What cannot be taken back.
pub(crate) fn destroys(command: &Command) -> bool {
    use Command::{AlterTopic, DeleteGroup, DeleteTopic, Remove, ResetGroup};
    matches!(command, AlterTopic(_) | DeleteGroup(_) | DeleteTopic(_) | Remove(_) | ResetGroup(_))
}
