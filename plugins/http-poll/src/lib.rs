//! Polls a JSON endpoint into a topic.

mod answer;
mod cursor;
mod link;
mod page;
mod poller;
mod settings;
mod url;

use kafka_do_sdk::source::{PollLimits, PollOutcome, Source};
use kafka_do_sdk::{Context, Description, Failure, clock, http};

use poller::Poller;
use settings::Settings;

pub struct HttpPoll {
    poller: Poller,
}

impl Source for HttpPoll {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Polls a JSON endpoint into a topic.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(Context { settings, .. }: Context<Settings>, resume: Option<Vec<u8>>) -> Result<Self, Failure> {
        Ok(Self { poller: Poller::new(settings, resume.as_deref())? })
    }

    fn poll(&mut self, limits: PollLimits) -> Result<PollOutcome, Failure> {
        if let Some(request) = self.poller.request() {
            let response = http::send(&request).map_err(|error| answer::no_answer(error, &request.url))?;
            self.poller.receive(&response, clock::now_ms())?;
        }
        self.poller.emit(limits)
    }
}

kafka_do_sdk::export_source!(HttpPoll);

#[cfg(test)]
mod tests;
