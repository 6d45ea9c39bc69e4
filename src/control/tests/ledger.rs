//! A change and what others did meanwhile.

use serde_json::json;

use crate::control::document::ROUTE;
use crate::control::testing::{author, config, control, spec};
use crate::control::{Expected, document};
use crate::store::{self, Change, Filter, Key, NewEvent, Write};

/// An event raises no revision, so nothing of another replica may be taken for its own.
#[tokio::test]
async fn an_event_hides_no_change_of_another_replica() {
    let control = control(config()).await;
    let (_, route) =
        control.put_route("docs", spec(&[("stable", 1.0), ("a", 1.0)]), Expected::Unsaid, author()).await.expect("it is legal");
    // As another replica would.
    let stored = control.0.state.load().held.routes["docs"].clone();
    let write = Write::Put { key: Key::new(ROUTE, "more"), body: document::json(&stored), due_at: None, expected: store::Expected::Absent };
    control.0.store.commit(Change::unaudited(vec![write])).await.expect("nothing stands against it");
    let mut change = Change::unaudited(Vec::new());
    change.events = vec![NewEvent { kind: "webhook.test".to_owned(), subject: "docs".to_owned(), body: json!({}) }];
    {
        let _writing = control.0.writer.lock().await;
        control.commit(change).await.expect("nothing is expected");
    }
    assert!(control.route("more").is_ok_and(|more| more.revision > route.revision), "it is held by now");
    let newest = control.events(&Filter { limit: 1, ..Filter::default() }).await.expect("the store answers").items.remove(0);
    assert_eq!((newest.kind.as_str(), &newest.body), ("webhook.test", &json!({"actor": "pointsman", "reason": null})));
}
