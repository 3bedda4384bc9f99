//! The tiers that a host has: the folder beside its database, the one that was named instead, and the cold one.
//!
//! A named tier belongs to one host: an object at its root says which. And its store must honour a conditional create,
//! since that is what keeps two hosts that were given one bucket from overwriting each other.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Tier;
use crate::error::{Error, Kind, Result};
use crate::model::segment::Place;

const CLAIM: &str = "kafka-do.json";
const PROBE: &str = "kafka-do-probe";

/// Says whose a tier is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    host: String,
}

#[derive(Clone, Debug)]
pub struct Tiers {
    folder: Tier,
    bucket: Option<Tier>,
    cold: Option<Tier>,
}

/// Which of the named tiers the host has put objects into before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims {
    pub bucket: bool,
    pub cold: bool,
}

impl Tiers {
    pub fn new(folder: Tier, bucket: Option<Tier>, cold: Option<Tier>) -> Self {
        Self { folder, bucket, cold }
    }

    /// The tier at a place; an error where it is not configured any more.
    pub fn at(&self, place: Place) -> Result<&Tier> {
        let tier = match place {
            Place::Folder => Some(&self.folder),
            Place::Bucket => self.bucket.as_ref(),
            Place::Cold => self.cold.as_ref(),
        };
        tier.ok_or_else(|| missing(place))
    }

    /// Where new segments go.
    pub fn warm(&self) -> Place {
        if self.bucket.is_some() { Place::Bucket } else { Place::Folder }
    }

    /// Where old segments go.
    pub fn cold(&self) -> Option<Place> {
        self.cold.as_ref().map(|_| Place::Cold)
    }

    /// An error where a named tier is another host's by now.
    pub async fn check_owner(&self, host: u64) -> Result<()> {
        for tier in [&self.bucket, &self.cold].into_iter().flatten() {
            if owner(tier).await?.is_some_and(|found| found != host) {
                return Err(Error::invalid(
                    "tier-not-ours",
                    format!("{} was given to another host by a restore; this one must stop", tier.url()),
                ));
            }
        }
        Ok(())
    }

    /// Makes sure that the named tiers are this host's, and can be relied on. Where one does not answer and the host has
    /// used it before, the answer is that it is not known yet.
    pub async fn claim(&self, host: u64, before: Claims) -> Result<Claimed> {
        let mut claimed = Claimed { bucket: false, cold: false, unanswered: None };
        for (place, tier, used, now) in [
            (Place::Bucket, &self.bucket, before.bucket, &mut claimed.bucket),
            (Place::Cold, &self.cold, before.cold, &mut claimed.cold),
        ] {
            let Some(tier) = tier else {
                if used {
                    return Err(missing(place));
                }
                continue;
            };
            match claim(tier, host, used).await {
                Ok(()) => *now = true,
                // A full folder is no reason to stay away: retention makes room.
                Err(error) if used && matches!(error.code, "tier-unavailable" | "storage-full") => {
                    claimed.unanswered = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }
}

/// What came of claiming.
#[derive(Debug)]
pub struct Claimed {
    pub bucket: bool,
    pub cold: bool,
    /// Why a tier that was claimed before could not be asked.
    pub unanswered: Option<Error>,
}

fn missing(place: Place) -> Error {
    let key = if place == Place::Cold { "cold_tier" } else { "tier" };
    Error::new(
        Kind::Invalid,
        "tier-missing",
        format!(
            "segments of this host lie in a {key} that is not configured any more; name it again with {key} in the configuration"
        ),
    )
}

async fn claim(tier: &Tier, host: u64, used: bool) -> Result<()> {
    let url = tier.url();
    let wanted = Claim { host: format!("{host:016x}") };
    let found = match tier.find(CLAIM).await? {
        Some(found) => found,
        None if used => {
            return Err(Error::invalid(
                "tier-not-ours",
                format!(
                    "{url} is not where this host keeps its segments: it has no {CLAIM}; name the old place again, or copy all objects over first"
                ),
            ));
        }
        None => {
            probe(tier, host).await?;
            let claim = Bytes::from(serde_json::to_vec(&wanted).unwrap_or_default());
            if tier.create(CLAIM, claim.clone()).await? {
                return Ok(());
            }
            // Another host was quicker.
            tier.get(CLAIM).await?
        }
    };
    let found: Claim = serde_json::from_slice(&found).map_err(|error| {
        Error::invalid("tier-not-ours", format!("{CLAIM} in {url} cannot be read ({error}); name another prefix"))
    })?;
    if found != wanted {
        return Err(Error::invalid(
            "tier-not-ours",
            format!(
                "{url} belongs to host {}, and this is host {}; name another bucket or prefix, or rebuild that host's data folder with kafka-do restore --from {url}",
                found.host, wanted.host
            ),
        ));
    }
    probe(tier, host).await
}

/// Creates an object twice: the second time must be refused.
async fn probe(tier: &Tier, host: u64) -> Result<()> {
    let path = format!("{PROBE}-{host:016x}");
    // What an earlier probe left behind would refuse the first create.
    tier.delete(&path).await?;
    tier.create(&path, Bytes::from_static(b"1")).await?;
    let overwritten = tier.create(&path, Bytes::from_static(b"2")).await?;
    tier.delete(&path).await?;
    if overwritten {
        return Err(Error::invalid(
            "tier-unsafe",
            format!(
                "{} ignores If-None-Match: it let one object be created twice, so two hosts could overwrite each other there; use a store with conditional writes (AWS S3, R2, MinIO, Ceph 19 and others have them)",
                tier.url()
            ),
        ));
    }
    Ok(())
}

/// Writes down that the tier belongs to this host from now on, whosever it was.
pub async fn own(tier: &Tier, host: u64) -> Result<()> {
    let claim = Claim { host: format!("{host:016x}") };
    tier.put(CLAIM, serde_json::to_vec(&claim).unwrap_or_default().into()).await
}

/// The host that a tier belongs to.
pub async fn owner(tier: &Tier) -> Result<Option<u64>> {
    let Some(found) = tier.find(CLAIM).await? else { return Ok(None) };
    let claim: Option<Claim> = serde_json::from_slice(&found).ok();
    Ok(claim.and_then(|claim| u64::from_str_radix(&claim.host, 16).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tier_is_one_hosts() {
        let dir = tempfile::tempdir().unwrap();
        let tier = |name: &str| Tier::folder(&dir.path().join(name)).unwrap();
        let tiers = Tiers::new(tier("a"), Some(tier("b")), None);
        let claimed = tiers.claim(7, Claims::default()).await.unwrap();
        assert!(claimed.bucket && !claimed.cold);
        let before = Claims { bucket: true, cold: false };
        assert!(tiers.claim(7, before).await.unwrap().bucket);
        assert_eq!(owner(&tier("b")).await.unwrap(), Some(7));
        let code = |result: Result<Claimed>| result.map(|_| ()).map_err(|error| error.code);
        assert_eq!(code(tiers.claim(8, Claims::default()).await), Err("tier-not-ours"));
        let elsewhere = Tiers::new(tier("a"), Some(tier("c")), None);
        assert_eq!(code(elsewhere.claim(7, before).await), Err("tier-not-ours"));
        let without = Tiers::new(tier("a"), None, None);
        assert_eq!(code(without.claim(7, before).await), Err("tier-missing"));
        assert_eq!(without.at(Place::Bucket).unwrap_err().code, "tier-missing");
        assert_eq!((tiers.warm(), without.warm()), (Place::Bucket, Place::Folder));
    }
}
