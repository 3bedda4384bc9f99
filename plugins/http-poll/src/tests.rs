//! The promises, on the native doubles.

use std::cell::RefCell;
use std::rc::Rc;

use kafka_do_sdk::http::{Error, Request, Response};
use kafka_do_sdk::testing::SourceHarness;
use proptest::prelude::*;

use super::*;

const URL: &str = "http://h/items";
const SINCE: &str = r#"{"url":"http://h/items","cursor":{"field":"id","parameter":"since"},"key_path":"id"}"#;
const LINK: &str = r#"{"url":"http://h/items","cursor":{"link":true}}"#;
const PLAIN: &str = r#"{"url":"http://h/items","interval_ms":5000}"#;

/// A server that can be changed while it is asked.
#[derive(Clone, Default)]
struct Server<S>(Rc<RefCell<(S, Vec<Request>)>>);

impl<S: Clone + 'static> Server<S> {
    fn new(state: S) -> Self {
        Self(Rc::new(RefCell::new((state, Vec::new()))))
    }

    fn answers<A>(&self, answer: A) -> impl FnMut(&Request) -> Result<Response, Error> + use<S, A>
    where
        A: Fn(&S, &Request) -> Response + 'static,
    {
        let shared = self.0.clone();
        move |request| {
            let (state, requests) = &mut *shared.borrow_mut();
            requests.push(request.clone());
            Ok(answer(state, request))
        }
    }

    fn set(&self, state: S) {
        self.0.borrow_mut().0 = state;
    }

    fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.0.borrow_mut().1)
    }
}

fn parameter(request: &Request, name: &str) -> Option<u64> {
    let (_, query) = request.url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn array(ids: impl IntoIterator<Item = u64>) -> String {
    let items: Vec<String> = ids.into_iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    format!("[{}]", items.join(","))
}

fn ids(outcome: &PollOutcome) -> Vec<u64> {
    let id = |value: &[u8]| str::from_utf8(value).unwrap().trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    outcome.records.iter().map(|record| id(record.value.as_ref().unwrap())).collect()
}

/// Pages of two of the items up to a number, the first one without a parameter.
fn linked(count: u64, request: &Request) -> Response {
    let page = parameter(request, "page").unwrap_or(0);
    let response = Response::new(200, array((page * 2 + 1..=page * 2 + 2).filter(|id| *id <= count)));
    if (page + 1) * 2 < count {
        response.with_header("Link", format!(r#"<?page={}>; rel="next""#, page + 1))
    } else {
        response
    }
}

#[test]
fn a_field_of_the_last_item_asks_for_what_is_after_it() {
    let server = Server::new(5);
    let mut harness = SourceHarness::<HttpPoll>::new(
        SINCE,
        server.answers(|count, request| {
            // Inclusive, and three at a time.
            let since = parameter(request, "since").unwrap_or(1);
            Response::new(200, array((since..=*count).take(3)))
        }),
    );
    let mut found = Vec::new();
    let mut outcome = harness.poll().unwrap();
    assert_eq!(outcome.records[0].key.as_deref(), Some(&b"1"[..]));
    while outcome.idle_ms.is_none() {
        found.extend(ids(&outcome));
        harness.restart();
        outcome = harness.poll().unwrap();
    }
    assert_eq!(found, [1, 2, 3, 4, 5]);
    assert_eq!((ids(&outcome).len(), outcome.idle_ms), (0, Some(30_000)));
    let urls: Vec<String> = server.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(urls, [URL, "http://h/items?since=3", "http://h/items?since=5"]);
    server.set(6);
    assert_eq!(ids(&harness.poll().unwrap()), [6]);
}

#[test]
fn the_first_poll_may_have_a_value_and_a_server_may_ignore_it() {
    let settings = r#"{"url":"http://h/items?a=b","cursor":{"field":"id","parameter":"since","start":"2"}}"#;
    let server = Server::new(4);
    let mut harness =
        SourceHarness::<HttpPoll>::new(settings, server.answers(|count, _| Response::new(200, array(1..=*count))));
    assert_eq!(ids(&harness.poll().unwrap()), [3, 4]);
    assert_eq!(server.requests()[0].url, "http://h/items?a=b&since=2");
    assert_eq!(ids(&harness.poll().unwrap()), [0; 0]);
}

#[test]
fn links_are_followed_at_once_and_the_last_page_is_asked_for_again() {
    let server = Server::new(5);
    let mut harness = SourceHarness::<HttpPoll>::new(LINK, server.answers(|count, request| linked(*count, request)));
    assert_eq!([(); 2].map(|()| harness.poll().unwrap().idle_ms), [None, None]);
    let last = harness.poll().unwrap();
    assert_eq!((ids(&last), last.idle_ms), (vec![5], Some(30_000)));
    harness.restart();
    assert_eq!(ids(&harness.poll().unwrap()), [0; 0]);
    server.set(7);
    assert_eq!([(); 2].map(|()| ids(&harness.poll().unwrap())), [[6], [7]]);
    assert_eq!(server.requests().last().unwrap().url, "http://h/items?page=3");
}

#[test]
fn a_page_that_has_not_changed_may_have_a_successor() {
    let server = Server::new(false);
    let mut harness = SourceHarness::<HttpPoll>::new(
        LINK,
        server.answers(|has_next, request| {
            match (parameter(request, "page"), request.header("if-none-match"), has_next) {
                (Some(_), ..) => Response::new(200, array([3])),
                (None, None, _) => Response::new(200, array([1, 2])).with_header("etag", "e"),
                (None, Some(_), false) => Response::new(304, ""),
                (None, Some(_), true) => Response::new(304, "").with_header("link", "<?page=2>; rel=next"),
            }
        }),
    );
    assert_eq!(ids(&harness.poll().unwrap()), [1, 2]);
    assert_eq!(harness.poll().unwrap().idle_ms, Some(30_000));
    server.set(true);
    assert_eq!(harness.poll().unwrap().idle_ms, None);
    harness.restart();
    assert_eq!(ids(&harness.poll().unwrap()), [3]);
}

#[test]
fn a_link_elsewhere_stops_it() {
    for (target, is_followed) in
        [("http://H:80/2", true), ("https://h/2", false), ("http://h:81/2", false), ("//other/2?key=s", false)]
    {
        let answer =
            move |_: &Request| Ok(Response::new(200, "[1]").with_header("link", format!("<{target}>; rel=next")));
        let mut harness = SourceHarness::<HttpPoll>::new(LINK, answer);
        match harness.poll() {
            Ok(_) => assert!(is_followed, "{target}"),
            Err(failure) => {
                assert!(
                    !is_followed && matches!(&failure, Failure::Fatal(reason) if !reason.contains("key")),
                    "{failure:?}"
                );
            }
        }
    }
}

#[test]
fn what_has_not_changed_emits_nothing() {
    let server = Server::new((200, 2));
    let mut harness = SourceHarness::<HttpPoll>::new(
        PLAIN,
        server.answers(|(status, count), _| {
            Response::new(*status, array(1..=*count)).with_header("etag", "\"e\"").with_header("last-modified", "then")
        }),
    );
    let first = harness.poll().unwrap();
    assert_eq!((ids(&first), first.idle_ms), (vec![1, 2], Some(5_000)));
    assert_eq!(ids(&harness.poll().unwrap()), [0; 0], "the same body, though the server sends it");
    server.set((304, 0));
    harness.restart();
    let unchanged = harness.poll().unwrap();
    assert_eq!((ids(&unchanged).len(), unchanged.idle_ms, unchanged.cursor), (0, Some(5_000), first.cursor));
    let conditions: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            (request.header("if-none-match").is_some(), request.header("if-modified-since").map(str::to_owned))
        })
        .collect();
    assert_eq!(conditions, [(false, None), (true, Some("then".to_owned())), (true, Some("then".to_owned()))]);
    server.set((200, 3));
    assert_eq!(ids(&harness.poll().unwrap()), [1, 2, 3], "a body that has changed is new as a whole");
}

#[test]
fn a_page_that_does_not_fit_goes_on_after_a_restart() {
    for settings in [PLAIN, SINCE, LINK] {
        let server = Server::new(5);
        let answer = server.answers(|count, request| {
            let since = parameter(request, "since").unwrap_or(0);
            Response::new(200, array(since + 1..=*count)).with_header("etag", "\"e\"")
        });
        let mut harness =
            SourceHarness::<HttpPoll>::new(settings, answer).with_limits(PollLimits { records: 2, bytes: 1 << 20 });
        let first = harness.poll().unwrap();
        assert_eq!((ids(&first), first.idle_ms), (vec![1, 2], None));
        harness.poll_in_vain().unwrap();
        assert_eq!(ids(&harness.poll().unwrap()), [3, 4], "{settings}");
        assert_eq!(ids(&harness.poll().unwrap()), [5], "{settings}");
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "what is at hand is not asked for again");
        assert!(requests.iter().all(|request| request.header("if-none-match").is_none()), "a part is still to come");
    }
}

#[test]
fn bytes_are_bounded_too() {
    let mut harness = SourceHarness::<HttpPoll>::new(PLAIN, |_| Ok(Response::new(200, array(1..=4))))
        .with_limits(PollLimits { records: 100, bytes: 160 });
    assert_eq!([(); 2].map(|()| ids(&harness.poll().unwrap())), [[1, 2], [3, 4]]);
    let mut harness = harness.with_limits(PollLimits { records: 100, bytes: 10 });
    harness.restart();
    assert_eq!(ids(&harness.poll().unwrap()), [0; 0], "the body is known");
    let mut fresh = SourceHarness::<HttpPoll>::new(PLAIN, |_| Ok(Response::new(200, array(1..=4))))
        .with_limits(PollLimits { records: 100, bytes: 10 });
    assert!(matches!(fresh.poll(), Err(Failure::Fatal(_))));
}

#[test]
fn another_address_forgets_pages_and_keeps_the_value() {
    let mut harness =
        SourceHarness::<HttpPoll>::new(SINCE, |_| Ok(Response::new(200, array(1..=3)).with_header("etag", "e")));
    harness.poll().unwrap();
    let cursor = harness.poll().unwrap().cursor;
    assert!(String::from_utf8_lossy(&cursor).contains("etag"));
    let server = Server::new(());
    let answer = server.answers(|(), _| Response::new(200, "[]"));
    let moved = SINCE.replace("items", "other");
    SourceHarness::<HttpPoll>::try_new(&moved, Some(cursor), answer).unwrap().poll().unwrap();
    let request = &server.requests()[0];
    assert_eq!((request.url.as_str(), request.header("if-none-match")), ("http://h/other?since=3", None));
}

#[test]
fn failures_are_tried_again_and_lose_nothing() {
    let server = Server::new(500);
    let mut harness = SourceHarness::<HttpPoll>::new(
        SINCE,
        server.answers(|status, _| Response::new(*status, array(1..=2)).with_header("retry-after", "9")),
    );
    assert!(matches!(harness.poll(), Err(Failure::Retry(advice)) if advice.after_ms.is_none()));
    server.set(429);
    assert!(matches!(harness.poll(), Err(Failure::Retry(advice)) if advice.after_ms == Some(9_000)));
    server.set(200);
    assert_eq!(ids(&harness.poll().unwrap()), [1, 2]);
    for body in ["{", "5", r#"[{"no":1}]"#] {
        let mut harness = SourceHarness::<HttpPoll>::new(SINCE, move |_| Ok(Response::new(200, body)));
        assert!(matches!(harness.poll(), Err(Failure::Retry(_))), "{body}");
    }
    let mut denied = SourceHarness::<HttpPoll>::new(SINCE, |_| Err(Error::Denied("h:80".to_owned())));
    assert!(
        matches!(denied.poll(), Err(Failure::Fatal(reason)) if reason.contains("asked of") && reason.contains("h:80"))
    );
}

#[test]
fn settings_it_does_not_know_are_refused() {
    for settings in [
        "{}",
        r#"{"url":"ftp://h"}"#,
        r#"{"url":"http://h","x":1}"#,
        r#"{"url":"http://h","cursor":{}}"#,
        r#"{"url":"http://h","cursor":{"field":"a"}}"#,
        r#"{"url":"http://h","cursor":{"link":true,"field":"a"}}"#,
    ] {
        assert!(
            SourceHarness::<HttpPoll>::try_new(settings, None, |_| Ok(Response::new(200, ""))).is_err(),
            "{settings}"
        );
    }
}

proptest! {
    /// Items come while it polls, polls are lost, instances go, and limits are small.
    #[test]
    fn each_item_comes_once_and_in_order(
        is_linked: bool,
        steps in prop::collection::vec((0..4_u64, any::<bool>(), any::<bool>()), 1..40),
        records in 1..4_u32,
    ) {
        let server = Server::new(0);
        let answer = server.answers(move |count, request| {
            if is_linked { return linked(*count, request) }
            let since = parameter(request, "since").unwrap_or(0);
            Response::new(200, array((since + 1..=*count).take(3)))
        });
        let settings = if is_linked { LINK } else { SINCE };
        let mut harness =
            SourceHarness::<HttpPoll>::new(settings, answer).with_limits(PollLimits { records, bytes: 1_000 });
        let (mut count, mut found) = (0, Vec::new());
        for (more, is_lost, is_new) in steps {
            count += more;
            server.set(count);
            if is_lost {
                harness.poll_in_vain().unwrap();
            }
            found.extend(ids(&harness.poll().unwrap()));
            if is_new {
                harness.restart();
            }
        }
        for _ in 0..300 {
            found.extend(ids(&harness.poll().unwrap()));
        }
        prop_assert_eq!(found, (1..=count).collect::<Vec<_>>());
    }
}
