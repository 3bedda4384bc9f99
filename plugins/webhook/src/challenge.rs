//! The question that some senders ask before they begin: a GET whose parameter has to be repeated.

use kafka_do_sdk::Failure;
use kafka_do_sdk::webhook::answer::Refusal;
use kafka_do_sdk::webhook::signing::Secrets;
use kafka_do_sdk::webhook::{Reply, Request, Response};

use crate::settings::ChallengeSettings;

pub(crate) struct Challenge {
    parameter: String,
    /// The parameter that must carry the secret, and the secrets.
    verify: Option<(String, Secrets)>,
}

impl Challenge {
    pub(crate) fn new(settings: ChallengeSettings, secrets: Option<Secrets>) -> Result<Self, Failure> {
        let ChallengeSettings { parameter, verify_parameter } = settings;
        let verify = match (verify_parameter, secrets) {
            (None, _) => None,
            (Some(parameter), Some(secrets)) => Some((parameter, secrets)),
            (Some(_), None) => return Err(Failure::fatal("challenge.verify_parameter needs a secret: set secret")),
        };
        Ok(Self { parameter, verify })
    }

    /// The answer, where this is the question.
    pub(crate) fn answer(&self, request: &Request) -> Option<Reply> {
        let asked = (request.method == "GET").then(|| request.query_parameter(&self.parameter))??;
        if let Some((parameter, secrets)) = &self.verify
            && !request.query_parameter(parameter).is_some_and(|shown| secrets.include(shown.as_bytes()))
        {
            return Some(Refusal::forbidden(format!("{parameter} is not the secret of this webhook.")).into());
        }
        // It repeats what a stranger wrote: no browser may take it for more than text.
        Some(Reply::new(Response::text(200, asked).with_header("x-content-type-options", "nosniff")))
    }
}
