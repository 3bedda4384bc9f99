//! What of its input a plugin has to see: said in `open`, so that the host hands over no record of which nothing comes.

use super::state::Phase;
use super::{Host, wit, wit_selection as selection};
use crate::limits::NARROWING_CONDITIONS_MAX;
use crate::plugin::narrowing::{Comparison, Condition, Narrowing, Operand};
use wit::types::HostError;

#[derive(Default)]
pub(in crate::plugin) struct Selection {
    phase: Phase,
    pub(in crate::plugin) narrowing: Narrowing,
}

impl Selection {
    pub(in crate::plugin) fn begin_call(&mut self, phase: Phase) {
        self.phase = phase;
    }

    fn narrow(&mut self, conditions: Vec<selection::Condition>) -> Result<(), HostError> {
        if self.phase != Phase::Opening {
            return Err(HostError::Denied("the input is narrowed in open, and not later".into()));
        }
        if conditions.len() > NARROWING_CONDITIONS_MAX {
            return Err(HostError::TooLarge(NARROWING_CONDITIONS_MAX as u64));
        }
        self.narrowing = Narrowing::new(conditions.into_iter().map(condition).collect::<Result<_, _>>()?);
        Ok(())
    }
}

fn condition(condition: selection::Condition) -> Result<Condition, HostError> {
    let selection::Condition { field, comparison, operand, null_holds } = condition;
    let comparison = match comparison {
        selection::Comparison::Equal => Comparison::Equal,
        selection::Comparison::Less => Comparison::Less,
        selection::Comparison::LessOrEqual => Comparison::LessOrEqual,
        selection::Comparison::Greater => Comparison::Greater,
        selection::Comparison::GreaterOrEqual => Comparison::GreaterOrEqual,
    };
    let operand = match operand {
        selection::Operand::Number(number) => Operand::Number(number),
        selection::Operand::Text(text) if comparison == Comparison::Equal => Operand::Text(text),
        selection::Operand::Text(_) => {
            return Err(HostError::Other("texts are compared by equal alone".into()));
        }
    };
    Ok(Condition { field, comparison, operand, null_holds })
}

impl selection::Host for Host {
    fn narrow(&mut self, conditions: Vec<selection::Condition>) -> wasmtime::Result<Result<(), HostError>> {
        Ok(self.selection.narrow(conditions))
    }
}
