//! Identities are parsed once, and links are made of them.

use cardwatch::domain::ids::{AppId, CardId, DatasetId, InstanceName, PageId, SweepId};
use cardwatch::domain::link;
use cardwatch::domain::sweep::PageKind;
use url::Url;

#[test]
fn an_instance_is_named_by_small_letters_digits_underscores_and_hyphens() {
    let longest = "a".repeat(63);
    for name in ["acme", "a", "0", "acme-2_eu", "-", &longest] {
        assert_eq!(name.parse::<InstanceName>().unwrap().as_str(), name);
    }
}

#[test]
fn anything_else_is_not_the_name_of_an_instance() {
    let too_long = "a".repeat(64);
    for name in ["", "Acme", "ac me", "acme.com", "ä", "acme\n", "a\"b", &too_long] {
        let error = name.parse::<InstanceName>().unwrap_err().to_string();
        assert_eq!(error, format!("'{name}' is not a name of an instance: use 1 to 63 of a-z, 0-9, '_' and '-'"));
    }
}

#[test]
fn identities_print_as_their_number_or_name() {
    let name: InstanceName = "acme".parse().unwrap();
    assert_eq!(format!("{name} {name:?}"), "acme acme");
    assert_eq!(format!("{} {} {} {}", PageId(-100_000), CardId(7), AppId(8), SweepId(9)), "-100000 7 8 9");
    let orders = DatasetId::new(" 5e88-c674\n").unwrap();
    assert_eq!(format!("{orders} {orders:?}"), "5e88-c674 5e88-c674");
}

#[test]
fn a_card_is_linked_to_its_details() {
    for address in ["https://acme.domo.com", "https://acme.domo.com/"] {
        let link = link::card(&Url::parse(address).unwrap(), CardId(1_548_948_000));
        assert_eq!(link, "https://acme.domo.com/kpis/details/1548948000");
    }
}

#[test]
fn a_page_is_linked_by_its_kind() {
    let acme = Url::parse("https://acme.domo.com").unwrap();
    let link = |kind| link::page(&acme, PageId(12), kind);
    assert_eq!(link(PageKind::Page), "https://acme.domo.com/page/12");
    assert_eq!(link(PageKind::View { app: None }), "https://acme.domo.com/page/12");
    assert_eq!(link(PageKind::View { app: Some(AppId(3)) }), "https://acme.domo.com/app-studio/3/pages/12");
}

#[test]
fn a_domo_behind_a_path_or_port_keeps_it_in_its_links() {
    let fake = Url::parse("http://127.0.0.1:8080/acme/").unwrap();
    assert_eq!(link::card(&fake, CardId(5)), "http://127.0.0.1:8080/acme/kpis/details/5");
}
