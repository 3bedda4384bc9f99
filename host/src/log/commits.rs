//! Who commits: jobs wait in a queue, and whoever finds the writer idle runs a round.
//!
//! A producer that is alone runs the round itself, on the thread it is on: handing its record to another thread and
//! waiting to be woken would cost as much as the fsync. Where jobs come faster than rounds, the writer's own thread takes
//! over and the producers only wait: a thread that serves many has better to do than to wait for the disk. Either way one round is under way at a time, and no job is overlooked: a job is
//! queued before its producer looks whether the writer is idle, and whoever lets go of the writer looks at the queue after.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::writer::{Job, Writer};
use crate::error::{Error, Result};
use crate::limits::{COMMIT_BYTES_MAX, CROWD_UNITS, HEAL_MS, WRITER_QUEUE_UNITS_MAX};

#[derive(Debug)]
pub(super) struct Commits {
    queue: Mutex<Queue>,
    /// A place in the queue for each job; a job that finds none waits for one.
    places: Arc<Semaphore>,
    writer: Mutex<Writer>,
    thread: OnceLock<Thread>,
    /// The last round had many jobs: the next one has too, and is the thread's.
    is_crowded: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<(Job, OwnedSemaphorePermit)>,
    is_closed: bool,
}

impl Commits {
    pub(super) fn start(writer: Writer) -> Result<(Arc<Self>, JoinHandle<()>)> {
        let commits = Arc::new(Self {
            queue: Mutex::default(),
            places: Arc::new(Semaphore::new(WRITER_QUEUE_UNITS_MAX)),
            writer: Mutex::new(writer),
            thread: OnceLock::new(),
            is_crowded: AtomicBool::new(false),
        });
        let running = Arc::clone(&commits);
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || running.run())
            .map_err(|error| Error::internal(format!("the writer's thread cannot be started: {error}")))?;
        // Nobody but this function can have set it.
        let _ = commits.thread.set(thread.thread().clone());
        Ok((commits, thread))
    }

    /// Queues a job, and runs a round where nobody else does. The job's own answer says how it went.
    pub(super) async fn submit(&self, job: Job) -> Result<()> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::shutting_down())?;
        {
            let mut queue = self.queue.lock();
            if queue.is_closed {
                return Err(Error::shutting_down());
            }
            queue.jobs.push_back((job, place));
        }
        if self.is_crowded.load(Ordering::Relaxed) {
            self.wake();
        } else if let Some(mut writer) = self.writer.try_lock() {
            tokio::task::block_in_place(|| self.round(&mut writer));
            let is_in_trouble = writer.trouble.is_some();
            drop(writer);
            if is_in_trouble || !self.queue.lock().jobs.is_empty() {
                self.wake();
            }
        }
        Ok(())
    }

    /// Takes no more jobs; the thread ends once those that wait are committed.
    pub(super) fn close(&self) {
        self.queue.lock().is_closed = true;
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn run(&self) {
        loop {
            let is_in_trouble = {
                let mut writer = self.writer.lock();
                while self.round(&mut writer) {}
                writer.heal()
            };
            let queue = self.queue.lock();
            if !queue.jobs.is_empty() {
                continue;
            }
            if queue.is_closed {
                return;
            }
            drop(queue);
            if is_in_trouble {
                std::thread::park_timeout(Duration::from_millis(HEAL_MS));
            } else {
                std::thread::park();
            }
        }
    }

    /// Commits what waits, up to a bound; says whether there was anything.
    fn round(&self, writer: &mut Writer) -> bool {
        let mut jobs = Vec::new();
        let mut places = Vec::new();
        let mut bytes = 0;
        {
            let mut queue = self.queue.lock();
            while bytes < COMMIT_BYTES_MAX
                && let Some((job, place)) = queue.jobs.pop_front()
            {
                bytes += job.bytes();
                jobs.push(job);
                places.push(place);
            }
        }
        let any = !jobs.is_empty();
        if any {
            self.is_crowded.store(jobs.len() >= CROWD_UNITS, Ordering::Relaxed);
            writer.commit(jobs, bytes);
        }
        any
    }
}
