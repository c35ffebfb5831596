//! Reading a list page by page: a loop that ends, over links that lead nowhere but back to Graph.
//!
//! While a page comes in, the one behind it is asked for as soon as its link is known; once it is here, and is being read, the one
//! behind that as well. No page further ahead is.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use url::Url;

use super::Client;
use super::ahead::Ahead;
use super::body;
use super::error::GraphError;
use super::exchange::Answer;
use super::refusal::markup;
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
    /// The page behind, which is on its way already.
    ahead: Option<Ahead>,
    /// The one behind that: asked for as soon as the page before both is here, for it is yet to be read.
    beyond: Option<Ahead>,
}

impl Pages {
    pub(super) fn new(client: &Client, first: Ask) -> Self {
        Self {
            client: client.clone(),
            path: first.url.path().to_owned(),
            next: Some(first),
            seen: HashSet::new(),
            read: 0,
            ahead: None,
            beyond: None,
        }
    }

    /// The reply that holds the next page; `None` after the last one.
    pub(super) async fn fetch(&mut self) -> Result<Option<Answer>, GraphError> {
        let Some(mut answer) = self.fetch_packed().await? else {
            return Ok(None);
        };
        let packed = std::mem::take(&mut answer.body);
        let read = match body::unpacked(packed, &answer.headers) {
            Ok(body) => {
                answer.body = body;
                markup(&answer, &answer.body, self.client.graph_host()).map_or(Ok(()), Err)
            }
            Err(why) => Err(unreadable(&answer, &self.path, why)),
        };
        match read {
            Ok(()) => Ok(Some(answer)),
            Err(error) => {
                self.unsee();
                Err(error)
            }
        }
    }

    /// The same, with the body as it came.
    pub(super) async fn fetch_packed(&mut self) -> Result<Option<Answer>, GraphError> {
        let Some(ask) = self.next.clone() else {
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
        let under_way = self.ahead.take().filter(|ahead| ahead.url == ask.url);
        let under_way = under_way.unwrap_or_else(|| Ahead::start(&self.client, ask.clone()));
        let answer = under_way
            .finish(|link| self.ahead = self.begin(link, &ask))
            .await;
        self.beyond = None;
        let link = self.ahead.as_mut().and_then(Ahead::link);
        if let Some(link) = link.filter(|_| answer.is_ok()) {
            self.beyond = self.begin(&link, &ask);
        }
        // The place in the list stays as it is when this fails, so that the same page can be asked for again.
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                self.unsee();
                Err(error)
            }
        }
    }

    /// The page can be asked for again.
    fn unsee(&mut self) {
        if let Some(ask) = &self.next {
            self.seen.remove(&fingerprint(&ask.url));
        }
    }

    /// Asks for the page behind, if the link to it may be followed: the reader of the page says what is wrong with one that may not.
    fn begin(&mut self, link: &str, before: &Ask) -> Option<Ahead> {
        let url = self.client.0.endpoints.checked(link).ok()?;
        if let Some(begun) = self.beyond.take().filter(|begun| begun.url == url) {
            return Some(begun);
        }
        let is_known = |ahead: &Ahead| ahead.url == url;
        let is_new =
            !self.seen.contains(&fingerprint(&url)) && !self.ahead.as_ref().is_some_and(is_known);
        (is_new && self.read < MOST_PAGES).then(|| {
            let ask = Ask {
                url,
                ..before.clone()
            };
            Ahead::start(&self.client, ask)
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn path(&self) -> &str {
        &self.path
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
