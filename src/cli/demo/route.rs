//! The route on the demo's alias, as an operator's script would make and change it: every change names the version of
//! the route that it builds on.

use serde_json::json;

use super::collections::{ALIAS, NEW};
use super::error::DemoError;
use super::http::{Answer, Api};
use super::traffic::Variant;

#[derive(Debug)]
pub(super) struct Route<'a> {
    admin: &'a Api,
    etag: String,
}

impl<'a> Route<'a> {
    /// A route that gives the new version nothing yet.
    pub(super) async fn create(admin: &'a Api) -> Result<Self, DemoError> {
        let variants = json!([
            { "name": Variant::Stable.name(), "weight": 100 },
            { "name": Variant::Candidate.name(), "collection": NEW, "weight": 0 },
        ]);
        let path = path();
        let answer = admin.put(&path, &json!({ "variants": variants })).await?;
        Ok(Self { admin, etag: etag(admin, &path, reqwest::Method::PUT, answer)? })
    }

    /// Gives the new version this share, in per cent. When it returns, every request that starts sees the change.
    pub(super) async fn set(&mut self, candidate: u32) -> Result<(), DemoError> {
        let weights = json!({ Variant::Stable.name(): 100 - candidate, Variant::Candidate.name(): candidate });
        let path = format!("{}/weights", path());
        let answer = self.admin.patch(&path, &json!({ "weights": weights }), &self.etag).await?;
        self.etag = etag(self.admin, &path, reqwest::Method::PATCH, answer)?;
        Ok(())
    }

    pub(super) fn etag(&self) -> &str {
        &self.etag
    }
}

fn path() -> String {
    format!("/v1/routes/{ALIAS}")
}

fn etag(admin: &Api, path: &str, method: reqwest::Method, answer: Answer) -> Result<String, DemoError> {
    let missing = |body| DemoError::Odd { method, url: format!("{}{path}", admin.base()), missing: "ETag header", body };
    answer.etag.ok_or_else(|| missing(answer.body.to_string()))
}
