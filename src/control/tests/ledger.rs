//! A change and what others did meanwhile.

use serde_json::json;

use crate::control::Expected;
use crate::control::documents::put_new;
use crate::control::testing::{caller, config, control, spec};
use crate::store::{Change, Filter, NewEvent};

/// An event raises no revision, so nothing of another replica may be taken for its own.
#[tokio::test]
async fn an_event_hides_no_change_of_another_replica() {
    let control = control(config()).await;
    let (_, route) =
        control.routes.put("docs", spec(&[("stable", 1.0), ("a", 1.0)]), Expected::Unsaid, caller()).await.expect("it is legal");
    // As another replica would.
    let stored = control.engine.state().documents.routes["docs"].clone();
    control.engine.store().commit(Change::unaudited(vec![put_new("more", &stored)])).await.expect("nothing stands against it");
    let mut change = Change::unaudited(Vec::new());
    change.events = vec![NewEvent { kind: "webhook.test".to_owned(), subject: "docs".to_owned(), body: json!({}) }];
    control.engine.put(change).await.expect("nothing is expected");
    assert!(control.routes.show("more").is_ok_and(|more| more.revision > route.revision), "it is held by now");
    let newest = control.events(&Filter { limit: 1, ..Filter::default() }).await.expect("the store answers").items.remove(0);
    assert_eq!((newest.kind.as_str(), &newest.body), ("webhook.test", &json!({"actor": "pointsman", "reason": null})));
}
