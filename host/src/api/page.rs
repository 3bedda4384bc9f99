//! Lists come in pages: `?limit=` entries `?after=` a name. `next` is the name to go on after, where there is more.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};
use crate::limits::PAGE_ENTRIES_MAX;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Entries after this name, in the order of names.
    after: Option<String>,
    /// At most this many entries.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Ask again with `?after=` this, where there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl PageQuery {
    /// The page of `all`, which is in the order of names.
    pub(super) fn of<T>(&self, all: Vec<T>, name: impl Fn(&T) -> &str) -> Result<Page<T>> {
        let limit = self.limit.unwrap_or(PAGE_ENTRIES_MAX);
        if !(1..=PAGE_ENTRIES_MAX).contains(&limit) {
            return Err(Error::invalid(
                "invalid-limit",
                format!("limit {limit} is not between 1 and {PAGE_ENTRIES_MAX}"),
            ));
        }
        let mut rest = all.into_iter().filter(|item| self.after.as_deref().is_none_or(|after| name(item) > after));
        let items: Vec<T> = rest.by_ref().take(limit).collect();
        let next = rest.next().and_then(|_| items.last().map(|item| name(item).to_owned()));
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_without_a_gap() {
        let all = vec!["a", "b", "c"];
        let page = |after: Option<&str>| {
            let query = PageQuery { after: after.map(str::to_owned), limit: Some(2) };
            let page = query.of(all.clone(), |name| name).unwrap();
            (page.items, page.next)
        };
        assert_eq!(page(None), (vec!["a", "b"], Some("b".into())));
        assert_eq!(page(Some("b")), (vec!["c"], None));
        assert!(PageQuery { after: None, limit: Some(0) }.of(all, |name| name).is_err());
    }
}
