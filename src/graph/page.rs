//! Reading a list page by page: a loop that ends, over links that lead nowhere but back to Graph.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use url::Url;

use super::Client;
use super::error::GraphError;
use super::exchange::Answer;
use super::send::{Ask, body_text, unreadable};
use super::wire::{Field, Page, Soft, read_page};

/// More pages than the largest tenant has, even at 200 users each.
const MOST_PAGES: u32 = 50_000;

/// A list that is being read.
#[derive(Debug)]
pub(super) struct Pages {
    client: Client,
    /// The request for the next page; `None` after the last one.
    next: Option<Ask>,
    path: String,
    seen: HashSet<u64>,
    read: u32,
}

impl Pages {
    pub(super) fn new(client: &Client, first: Ask) -> Self {
        Self {
            client: client.clone(),
            path: first.url.path().to_owned(),
            next: Some(first),
            seen: HashSet::new(),
            read: 0,
        }
    }

    /// The reply that holds the next page; `None` after the last one.
    pub(super) async fn fetch(&mut self) -> Result<Option<Answer>, GraphError> {
        let Some(ask) = &self.next else {
            return Ok(None);
        };
        self.read += 1;
        let why = if self.read > MOST_PAGES {
            Some("too many pages")
        } else if self.seen.insert(fingerprint(&ask.url)) {
            None
        } else {
            Some("a link came twice")
        };
        if let Some(why) = why {
            return Err(GraphError::Endless {
                path: self.path.clone(),
                why,
            });
        }
        // The place in the list stays as it is when this fails, so that the same page can be asked for again.
        let answer = match self.client.send(ask).await {
            Ok(answer) => answer,
            Err(error) => {
                self.seen.remove(&fingerprint(&ask.url));
                return Err(error);
            }
        };
        Ok(Some(answer))
    }

    /// Reads the page in a reply of [`Self::fetch`], and takes up its link.
    pub(super) fn read<'de, T: Field<'de>>(
        &mut self,
        answer: &'de Answer,
    ) -> Result<Page<'de, T>, GraphError> {
        let text = body_text(answer, &self.path)?;
        let page = read_page::<T>(text).map_err(|why| unreadable(answer, &self.path, why))?;
        let link = match &page.next {
            Soft::Is(link) => Some(self.client.0.endpoints.checked(link)?),
            Soft::Absent | Soft::Null | Soft::Wrong => None,
        };
        self.follow(link);
        Ok(page)
    }

    /// Where the next page is; the headers go along, since links do not remember them.
    pub(super) fn follow(&mut self, link: Option<Url>) {
        self.next = match (self.next.take(), link) {
            (Some(ask), Some(url)) => Some(Ask { url, ..ask }),
            (_, None) | (None, _) => None,
        };
    }
}

fn fingerprint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}
