//! What to ask for next, and what of an answer is new. Nothing is sent here.

use std::vec::IntoIter;

use kafka_do_sdk::http::{Request, Response};
use kafka_do_sdk::source::{PollLimits, PollOutcome};
use kafka_do_sdk::{Failure, NewRecord};

use crate::cursor::{Cursor, Place};
use crate::page::{self, Item};
use crate::settings::Settings;
use crate::url::{origin, resolve, shown, with_parameter};
use crate::{answer, link};

/// What a record takes besides its key and its value, at least.
const RECORD_BYTES: usize = 64;

/// One endpoint, page after page.
pub(crate) struct Poller {
    settings: Settings,
    cursor: Cursor,
    page: Option<Page>,
}

/// A page on its way out.
struct Page {
    items: IntoIter<Item>,
    place: Place,
    etag: Option<String>,
    last_modified: Option<String>,
    /// The address of the page that follows.
    next: Option<String>,
    /// What the next poll is to be asked with.
    value: Option<String>,
    has_new: bool,
}

impl Poller {
    /// Goes on from a cursor, if there is one.
    pub(crate) fn new(settings: Settings, resume: Option<&[u8]>) -> Result<Self, Failure> {
        settings.check()?;
        let endpoint = page::hash(settings.url.as_bytes());
        let mut cursor: Cursor = resume
            .map_or_else(|| Ok(Cursor::default()), serde_json::from_slice)
            .map_err(|error| Failure::fatal(format!("the cursor is of another plugin: {error}")))?;
        if cursor.endpoint != endpoint {
            cursor.leave_page();
            cursor.page = None;
            cursor.endpoint = endpoint;
        }
        if let Some(field) = settings.field() {
            cursor.value = cursor.value.or_else(|| field.start.clone());
        }
        Ok(Self { settings, cursor, page: None })
    }

    /// What to ask the server, where no page is on its way out.
    pub(crate) fn request(&self) -> Option<Request> {
        if self.page.is_some() {
            return None;
        }
        let mut request = Request::get(self.address());
        for (name, value) in &self.settings.headers {
            request = request.with_header(name, value);
        }
        if request.header("accept").is_none() {
            request = request.with_header("accept", "application/json");
        }
        if let Some(etag) = &self.cursor.etag {
            request = request.with_header("if-none-match", etag);
        }
        if let Some(last_modified) = &self.cursor.last_modified {
            request = request.with_header("if-modified-since", last_modified);
        }
        Some(request)
    }

    /// Takes the answer.
    pub(crate) fn receive(&mut self, response: &Response, now_ms: i64) -> Result<(), Failure> {
        let next = self.next_page(response)?;
        if response.status == 304 {
            // Nothing has changed, but for a page that may follow by now.
            if let Some(next) = next {
                self.cursor.leave_page();
                self.cursor.page = Some(next);
            }
            return Ok(());
        }
        if !response.is_success() {
            return Err(answer::refusal(response, now_ms));
        }
        let mut items = page::read(&response.body, self.settings.paths()).map_err(Failure::retry)?;
        let body = page::hash(&response.body);
        let known = self.known(&items, body);
        let value = items.last().and_then(|item| item.cursor.clone());
        let has_new = known < items.len();
        if let Some(field) = self.settings.field().filter(|_| value.is_none() && has_new) {
            let field = &field.path;
            let reason = format!("the last item has no text or number in {field}; `cursor` says which field");
            return Err(Failure::retry_after(reason, answer::MEND_MS));
        }
        let last = items[..known].last().map_or(0, |item| item.identity);
        let header = |name| response.header(name).map(str::to_owned);
        self.page = Some(Page {
            items: items.split_off(known).into_iter(),
            place: Place { body, taken: known, last },
            etag: header("etag"),
            last_modified: header("last-modified"),
            next,
            value,
            has_new,
        });
        Ok(())
    }

    /// What fits of the page, and when to poll again.
    pub(crate) fn emit(&mut self, limits: PollLimits) -> Result<PollOutcome, Failure> {
        let Some(page) = &mut self.page else {
            // After a 304: at once where it led to another page.
            let is_elsewhere =
                self.settings.follows_links() && self.cursor.page.is_some() && self.cursor.place.is_none();
            return self.outcome(Vec::new(), (!is_elsewhere).then_some(self.settings.interval_ms));
        };
        let records = page.take(limits)?;
        if !page.items.as_slice().is_empty() {
            self.cursor.leave_page();
            self.cursor.place = Some(page.place.clone());
            return self.outcome(records, None);
        }
        let is_more = self.end_page();
        self.outcome(records, (!is_more).then_some(self.settings.interval_ms))
    }

    /// Moves the cursor behind the page, and says whether there may be more at once.
    fn end_page(&mut self) -> bool {
        let Some(Page { place, etag, last_modified, next, value, has_new, .. }) = self.page.take() else {
            return false;
        };
        let is_field = self.settings.field().is_some();
        let has_moved = next.is_some() || is_field && value.is_some() && value != self.cursor.value;
        self.cursor.leave_page();
        if has_moved {
            self.cursor.page = next;
            self.cursor.value = value;
        } else {
            (self.cursor.etag, self.cursor.last_modified) = (etag, last_modified);
            self.cursor.place = (!is_field).then_some(place);
        }
        has_moved && (has_new || !is_field)
    }

    /// How many items from the start of a page were emitted before.
    fn known(&self, items: &[Item], body: u64) -> usize {
        let place = self.cursor.place.as_ref();
        if let Some(place) = place.filter(|place| place.body == body) {
            return place.taken.min(items.len());
        }
        if self.settings.field().is_some() {
            // The server orders: what stands before the last value was emitted before.
            let value = self.cursor.value.as_ref();
            let by_value = || items.iter().rposition(|item| value.is_some() && item.cursor.as_ref() == value);
            let behind_value = || by_value().map(|index| index + 1);
            return place.and_then(|place| place.find(items)).or_else(behind_value).unwrap_or(0);
        }
        // Without a cursor, a body that has changed is new as a whole.
        place.filter(|_| self.settings.follows_links()).and_then(|place| place.find(items)).unwrap_or(0)
    }

    /// Where the answer says that the next page is.
    fn next_page(&self, response: &Response) -> Result<Option<String>, Failure> {
        if !self.settings.follows_links() {
            return Ok(None);
        }
        let links = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        let mut links = links.filter_map(|(_, value)| str::from_utf8(value).ok());
        let Some(reference) = links.find_map(link::next) else { return Ok(None) };
        let here = self.address();
        let next = resolve(&here, reference).unwrap_or_default();
        if origin(&next) != origin(&self.settings.url) {
            return Err(Failure::fatal(format!(
                "the next page is said to be {}, of another origin than `url`: no secret is sent there",
                shown(&next)
            )));
        }
        Ok((next != here).then_some(next))
    }

    fn address(&self) -> String {
        let Self { settings, cursor, .. } = self;
        match (settings.field(), &cursor.value, &cursor.page) {
            (Some(field), Some(value), _) => with_parameter(&settings.url, &field.parameter, value),
            (None, _, Some(page)) if settings.follows_links() => page.clone(),
            _ => settings.url.clone(),
        }
    }

    fn outcome(&self, records: Vec<NewRecord>, idle_ms: Option<u32>) -> Result<PollOutcome, Failure> {
        let cursor = serde_json::to_vec(&self.cursor)
            .map_err(|error| Failure::fatal(format!("the cursor cannot be written: {error}")))?;
        Ok(PollOutcome { records, cursor, idle_ms })
    }
}

impl Place {
    /// Where to go on in a page that has changed since: behind the item that was the last, looked for from where it stood.
    fn find(&self, items: &[Item]) -> Option<usize> {
        let is_last = |item: &Item| item.identity == self.last;
        let (before, after) = items.split_at(self.taken.min(items.len()));
        let found = before.iter().rposition(is_last);
        let found = found.or_else(|| after.iter().position(is_last).map(|index| before.len() + index));
        found.filter(|_| self.taken > 0).map(|index| index + 1)
    }
}

impl Page {
    fn take(&mut self, limits: PollLimits) -> Result<Vec<NewRecord>, Failure> {
        let mut room = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
        let mut records = Vec::new();
        while records.len() < limits.records as usize
            && let Some(item) = self.items.as_slice().first()
        {
            let bytes = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
            let bytes = bytes(&item.record.key) + bytes(&item.record.value) + RECORD_BYTES;
            if bytes > room && records.is_empty() {
                return Err(Failure::fatal(format!("an item of {bytes} bytes is more than the {room} of one poll")));
            }
            if bytes > room {
                break;
            }
            room -= bytes;
            self.place.taken += 1;
            self.place.last = item.identity;
            records.extend(self.items.next().map(|item| item.record));
        }
        Ok(records)
    }
}
