//! Where nothing at all can be listed, why is told in a few words and in full.

use cardwatch::domain::ids::PageId;
use cardwatch::domo::Wanted;
use fake_domo::{Condition, FakeDomo, PageAnswer};

use crate::desk::{Desk, instance, pages};

/// An instance with pages 10 and 20.
fn sales() -> FakeDomo {
    FakeDomo::empty().page(10, "Sales").page(20, "Finance").card(1, "Revenue", &[10])
}

#[tokio::test]
async fn where_no_page_can_be_listed_the_first_reason_is_the_error() {
    let fake = sales().start().await;
    let error = |ids| {
        let desk = Desk::at(&fake);
        async move { desk.domo.list(&pages(ids)).await.unwrap_err() }
    };
    let first = "cannot list cards: page 77: not found (404); correct its id in pages or --page";
    assert_eq!(error(&[77]).await.to_string(), first);
    assert_eq!(error(&[77, 78]).await.to_string(), format!("{first}; nor could the other page be listed"));
    assert_eq!(error(&[77, 78, 79]).await.to_string(), format!("{first}; nor could 2 other pages be listed"));
    assert_eq!(error(&[77]).await.brief(), "not found");
}

#[tokio::test]
async fn why_nothing_was_listed_has_its_own_few_words() {
    let fake = FakeDomo::empty().page(10, "Sales").start().await;
    let brief = async |answer| {
        fake.set_page_answer(10, answer);
        Desk::at(&fake).domo.list(&pages(&[10])).await.unwrap_err().brief()
    };
    assert_eq!(brief(PageAnswer::Status(403)).await, "no access");
    assert_eq!(brief(PageAnswer::Status(404)).await, "not found");
    assert_eq!(brief(PageAnswer::Status(500)).await, "Domo unavailable");
    assert_eq!(brief(PageAnswer::Status(418)).await, "not an answer of Domo's");
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    let brief = async |condition| {
        fake.set_condition(condition);
        desk.domo.list(&Wanted::Instance).await.unwrap_err().brief()
    };
    assert_eq!(brief(Condition::Throttled { retry_after: None }).await, "too many requests");
    assert_eq!(brief(Condition::LoginPage).await, "not an answer of Domo's");
    assert_eq!(brief(Condition::Down).await, "Domo not reachable");
}

#[tokio::test]
async fn a_redirect_of_the_list_names_the_allow_list() {
    let fake = sales().start().await;
    let desk = Desk::at(&fake);
    desk.domo.sign_in().await.unwrap();
    fake.set_login(fake_domo::Login::AddressNotAllowed);
    let error = desk.domo.list(&pages(&[10])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot list cards: page 10: not an answer of Domo's: a redirect to /whitelist/blocked; \
         this machine's address is not on Domo's allow list; add it under Admin > Security > IP allowlist"
    );
    assert_eq!(error.brief(), "address not allowed");
}

#[tokio::test]
async fn where_every_page_is_excluded_that_is_told() {
    let fake = sales().start().await;
    let mut instance = instance(&fake);
    instance.exclusions.pages = [PageId(20)].into();
    let error = Desk::new(&instance).domo.list(&pages(&[20])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot list cards: every page is in exclude_pages; name one page at least that is not"
    );
    assert_eq!(error.brief(), "every page excluded");
}
