//! Events that come from outside, and what they are known by when they come again.

use sha2::{Digest, Sha256};

use super::deployment::DeploymentId;

/// A digest of what a sender calls an event, and of the deployment that it is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    pub fn of(deployment: DeploymentId, name: &str) -> Self {
        let digest = Sha256::new().chain_update(deployment.0.to_be_bytes()).chain_update(name).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_its_deployment() {
        let id = |deployment, name| EventId::of(DeploymentId(deployment), name);
        assert_eq!(id(1, "a"), id(1, "a"));
        assert_ne!(id(1, "a"), id(2, "a"));
        assert_ne!(id(1, "a"), id(1, "b"));
    }
}
