//! Requests over `wasi:http`: all under way at once, each until its own deadline.

use super::url::Url;
use super::{Error, RESPONSE_BODY_BYTES_MAX, Request, Response};
use crate::bindings::sinking::wasi::clocks::monotonic_clock::subscribe_duration;
use crate::bindings::sinking::wasi::http::outgoing_handler::handle;
use crate::bindings::sinking::wasi::http::types::{
    DnsErrorPayload, ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use crate::bindings::sinking::wasi::io::poll::{Pollable, poll};
use crate::bindings::sinking::wasi::io::streams::{InputStream, OutputStream, StreamError};

const NS_PER_MS: u64 = 1_000_000;
/// How much of a response is asked for at once.
const READ_BYTES: u64 = 64 << 10;

pub(crate) fn send_all(requests: &[Request]) -> Vec<Result<Response, Error>> {
    let mut exchanges: Vec<Exchange> = requests.iter().map(Exchange::begin).collect();
    loop {
        exchanges = exchanges.into_iter().map(Exchange::advance).collect();
        let waits: Vec<&Pollable> = exchanges.iter().flat_map(Exchange::waits).collect();
        if waits.is_empty() {
            break;
        }
        poll(&waits);
    }
    exchanges.into_iter().map(Exchange::into_result).collect()
}

/// One request on its way.
enum Exchange<'r> {
    Open { stage: Stage<'r>, deadline: Pollable, timeout_ms: u32 },
    Done(Result<Response, Error>),
}

impl<'r> Exchange<'r> {
    fn begin(request: &'r Request) -> Self {
        let timeout_ms = request.timeout_ms;
        let deadline = subscribe_duration(u64::from(timeout_ms) * NS_PER_MS);
        match begin(request) {
            Ok(stage) => Self::Open { stage, deadline, timeout_ms },
            Err(error) => Self::Done(Err(error)),
        }
    }

    /// Goes as far as it can without waiting.
    fn advance(self) -> Self {
        let Self::Open { mut stage, deadline, timeout_ms } = self else { return self };
        loop {
            match stage.step() {
                Step::Now(next) => stage = next,
                Step::Done(result) => return Self::Done(result),
                Step::Later(_) if deadline.ready() => {
                    return Self::Done(Err(Error::NoAnswer(format!("it took longer than {timeout_ms} ms"))));
                }
                Step::Later(stage) => return Self::Open { stage, deadline, timeout_ms },
            }
        }
    }

    /// What can move it on.
    fn waits(&self) -> Vec<&Pollable> {
        match self {
            Self::Done(_) => Vec::new(),
            Self::Open { stage, deadline, .. } => {
                let mut waits = vec![deadline];
                match stage {
                    Stage::Sending(upload, answer) => waits.extend([&upload.ready, &answer.ready]),
                    Stage::Waiting(answer) => waits.push(&answer.ready),
                    Stage::Receiving(download) => waits.push(&download.ready),
                }
                waits
            }
        }
    }

    fn into_result(self) -> Result<Response, Error> {
        match self {
            Self::Done(result) => result,
            Self::Open { .. } => Err(Error::NoAnswer("it was given up".to_owned())),
        }
    }
}

enum Stage<'r> {
    /// The body goes out, while the response may come in already.
    Sending(Upload<'r>, Answer),
    Waiting(Answer),
    Receiving(Download),
}

enum Step<'r> {
    Now(Stage<'r>),
    /// There is nothing to do until something that it waits for is ready.
    Later(Stage<'r>),
    Done(Result<Response, Error>),
}

/// The fields of these are dropped in their order, and WASI wants a child dropped before its parent.
struct Upload<'r> {
    ready: Pollable,
    stream: OutputStream,
    body: OutgoingBody,
    rest: &'r [u8],
}

struct Answer {
    ready: Pollable,
    future: FutureIncomingResponse,
}

struct Download {
    ready: Pollable,
    stream: InputStream,
    /// The stream is a part of it.
    _body: IncomingBody,
    response: Response,
}

fn begin(request: &Request) -> Result<Stage<'_>, Error> {
    let url = Url::parse(&request.url)?;
    let invalid = |what: &str| Error::Invalid(format!("the host does not take {what}"));

    let mut headers: Vec<(String, Vec<u8>)> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    if !request.body.is_empty() && request.header("content-length").is_none() {
        headers.push(("content-length".to_owned(), request.body.len().to_string().into_bytes()));
    }
    let headers = Fields::from_list(&headers).map_err(|error| invalid(&format!("its headers: {error}")))?;
    let outgoing = OutgoingRequest::new(headers);
    outgoing.set_method(&method(&request.method)).map_err(|()| invalid("its method"))?;
    let scheme = if url.is_https { Scheme::Https } else { Scheme::Http };
    outgoing.set_scheme(Some(&scheme)).map_err(|()| invalid("the scheme of its address"))?;
    outgoing.set_authority(Some(url.authority)).map_err(|()| invalid("the host in its address"))?;
    outgoing.set_path_with_query(Some(&url.target())).map_err(|()| invalid("the path of its address"))?;

    // A connection that takes half of the time fails then and there, while it is known that nothing was sent.
    let options = RequestOptions::new();
    let connect_ns = u64::from(request.timeout_ms) * NS_PER_MS / 2;
    options.set_connect_timeout(Some(connect_ns)).map_err(|()| invalid("its timeout"))?;

    let body = if request.body.is_empty() {
        None
    } else {
        let body = outgoing.body().map_err(|()| invalid("its body"))?;
        Some((body.write().map_err(|()| invalid("its body"))?, body))
    };
    let future = handle(outgoing, Some(options))?;
    let answer = Answer { ready: future.subscribe(), future };
    Ok(match body {
        None => Stage::Waiting(answer),
        Some((stream, body)) => {
            Stage::Sending(Upload { ready: stream.subscribe(), stream, body, rest: &request.body }, answer)
        }
    })
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

impl<'r> Stage<'r> {
    fn step(self) -> Step<'r> {
        match self {
            Self::Sending(upload, answer) => upload.step(answer),
            Self::Waiting(answer) => answer.step(),
            Self::Receiving(download) => download.step(),
        }
    }
}

impl<'r> Upload<'r> {
    fn step(mut self, answer: Answer) -> Step<'r> {
        if self.rest.is_empty() {
            let Self { ready, stream, body, .. } = self;
            drop(ready);
            drop(stream);
            return match OutgoingBody::finish(body, None) {
                Ok(()) => Step::Now(Stage::Waiting(answer)),
                Err(code) => Step::Done(Err(code.into())),
            };
        }
        match self.stream.check_write() {
            // Whoever answers before all is sent wants no more of it.
            Ok(0) if answer.ready.ready() => Step::Now(Stage::Waiting(answer)),
            Ok(0) => Step::Later(Stage::Sending(self, answer)),
            Ok(room) => {
                let room = usize::try_from(room).unwrap_or(usize::MAX).min(self.rest.len());
                let (chunk, rest) = self.rest.split_at(room);
                match self.stream.write(chunk) {
                    Ok(()) => {
                        self.rest = rest;
                        Step::Now(Stage::Sending(self, answer))
                    }
                    Err(_) => Step::Now(Stage::Waiting(answer)),
                }
            }
            // Why it broke off is what the answer says.
            Err(_) => Step::Now(Stage::Waiting(answer)),
        }
    }
}

impl Answer {
    fn step<'r>(self) -> Step<'r> {
        match self.future.get() {
            None => Step::Later(Stage::Waiting(self)),
            Some(Ok(Ok(incoming))) => match Download::begin(&incoming) {
                Some(download) => Step::Now(Stage::Receiving(download)),
                None => Step::Done(Err(Error::NoAnswer("the response has no body to read".to_owned()))),
            },
            Some(Ok(Err(code))) => Step::Done(Err(code.into())),
            Some(Err(())) => Step::Done(Err(Error::NoAnswer("the response was taken already".to_owned()))),
        }
    }
}

impl Download {
    fn begin(incoming: &IncomingResponse) -> Option<Self> {
        let mut response = Response::new(incoming.status(), Vec::new());
        for (name, value) in incoming.headers().entries() {
            response = response.with_header(name, value);
        }
        let body = incoming.consume().ok()?;
        let stream = body.stream().ok()?;
        Some(Self { ready: stream.subscribe(), stream, _body: body, response })
    }

    fn step<'r>(mut self) -> Step<'r> {
        match self.stream.read(READ_BYTES) {
            Ok(bytes) if bytes.is_empty() => Step::Later(Stage::Receiving(self)),
            Ok(bytes) if self.response.body.len() + bytes.len() > RESPONSE_BODY_BYTES_MAX => {
                Step::Done(Err(Error::TooLarge(RESPONSE_BODY_BYTES_MAX)))
            }
            Ok(bytes) => {
                self.response.body.extend(bytes);
                Step::Now(Stage::Receiving(self))
            }
            Err(StreamError::Closed) => Step::Done(Ok(self.response)),
            Err(StreamError::LastOperationFailed(error)) => Step::Done(Err(http_error_code(&error)
                .map_or_else(|| Error::NoAnswer("the response broke off".to_owned()), answer_error))),
        }
    }
}

/// What fails while the response comes in was sent, whatever else is said of it.
fn answer_error(code: ErrorCode) -> Error {
    match Error::from(code) {
        Error::NoConnection(reason) => Error::NoAnswer(reason),
        error => error,
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        let reason = match &code {
            ErrorCode::InternalError(Some(reason)) => reason.clone(),
            ErrorCode::HttpRequestDenied => {
                "the place is not granted; add its host and port to grants.hosts of the deployment".to_owned()
            }
            ErrorCode::DestinationIpProhibited => {
                "its address is in a private network, which an operator opens with --egress-private".to_owned()
            }
            ErrorCode::ConnectionRefused => "the connection was refused".to_owned(),
            ErrorCode::ConnectionTimeout => "no connection in time".to_owned(),
            ErrorCode::ConnectionTerminated => "the connection broke off".to_owned(),
            ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => "no answer in time".to_owned(),
            ErrorCode::ConnectionLimitReached => "too many requests are under way".to_owned(),
            ErrorCode::DestinationUnavailable => "nobody answers there".to_owned(),
            ErrorCode::TlsCertificateError => "the certificate is not one that this host trusts".to_owned(),
            ErrorCode::DnsError(DnsErrorPayload { rcode: Some(reason), .. }) => reason.clone(),
            code => format!("{code:?}"),
        };
        match code {
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Self::Denied(reason),
            ErrorCode::DnsTimeout
            | ErrorCode::DnsError(_)
            | ErrorCode::DestinationNotFound
            | ErrorCode::DestinationUnavailable
            | ErrorCode::DestinationIpUnroutable
            | ErrorCode::ConnectionRefused
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionLimitReached
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsCertificateError
            | ErrorCode::TlsAlertReceived(_) => Self::NoConnection(reason),
            ErrorCode::HttpRequestLengthRequired
            | ErrorCode::HttpRequestBodySize(_)
            | ErrorCode::HttpRequestMethodInvalid
            | ErrorCode::HttpRequestUriInvalid
            | ErrorCode::HttpRequestUriTooLong
            | ErrorCode::HttpRequestHeaderSectionSize(_)
            | ErrorCode::HttpRequestHeaderSize(_)
            | ErrorCode::HttpRequestTrailerSectionSize(_)
            | ErrorCode::HttpRequestTrailerSize(_)
            | ErrorCode::ConfigurationError => Self::Invalid(reason),
            ErrorCode::HttpResponseBodySize(_) => Self::TooLarge(RESPONSE_BODY_BYTES_MAX),
            _ => Self::NoAnswer(reason),
        }
    }
}
