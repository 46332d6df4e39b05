//! What is read from a reason: the kind of trouble, and the columns that it names.

use std::collections::BTreeSet;

use cardwatch::domain::cause::{Cause, Kind};
use cardwatch::domain::ids::DatasetId;
use cardwatch::domain::verdict::{Class, Reason};

const ID: &str = "5e88c674-d499-4a97-a834-60797d0d17d4";

fn read(class: Class, text: &str) -> Cause {
    Cause::of(&Reason { class, text: text.to_owned() })
}

/// Names between bars; nothing is no name.
fn names(text: &str) -> BTreeSet<String> {
    text.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_way_of_naming_columns_is_read() {
    for (text, columns) in [
        ("Invalid column(s) referenced: region_name", "region_name"),
        ("Invalid column(s) referenced: 'a, b', `c d`", "a, b|c d"),
        ("Invalid column(s) referenced: Zeit: Minute", "Zeit: Minute"),
        ("The following column(s) are missing from the datasource schema: region, order_total", "order_total|region"),
        ("The following columns are missing from dataset 'Orders': a, b", "a|b"),
        ("Unknown column 'region_name' in 'field list'", "region_name"),
        ("Unable to parse SQL: Column `Région` cannot be resolved (line 1, column 22)", "Région"),
        ("Column discount_pct does not exist", "discount_pct"),
        ("Missing column Ship Date in dataset Orders", "Ship Date"),
        ("Missing column referenced by the card, 'region', in dataset 'Orders'", "region"),
        ("Dataset 'Orders' column(s) missing: a, b", "a|b"),
        ("Column not found: größe; check the schema", "größe"),
        ("Columns 'a', 'b' and 'c' not found", "a|b|c"),
        ("cannot resolve '`x`' given input columns: [a, b]", "x"),
        ("Cannot resolve column name \"region\" among (month, amount)", "region"),
        ("The card refers to a column that no longer exists (order_total)", "order_total"),
        ("Beast mode 'Margin' references missing column «coût»", "coût"),
        ("Invalid column(s) referenced: session_timeout", "session_timeout"),
        ("500: Invalid column(s) referenced: deleted", "deleted"),
        ("Invalid column(s) referenced: [Order Date], [Ship Date].", "Order Date|Ship Date"),
        ("INVALID_FIELD: No such column 'Amount_Net__c' on entity 'Opportunity'", "Amount_Net__c"),
        ("Columnstore scan failed: Invalid column name 'region'", "region"),
        ("Syntax error at line 1, column 22, unknown column 'region'", "region"),
        ("order_total, größe", "größe|order_total"),
        ("Order Date, Ship Date", "Order Date|Ship Date"),
        ("REGION_NAME", "REGION_NAME"),
        ("region", "region"),
    ] {
        let cause = read(Class::Misconfigured, text);
        assert_eq!((cause.kind, cause.names), (Kind::MissingColumn, names(columns)), "{text}");
    }
}

#[test]
fn every_kind_of_trouble_is_told_by_its_words() {
    let said = |words: &str| Kind::Said(words.to_owned());
    for (class, text, kind, of) in [
        (Class::Misconfigured, "Dataset is not indexed", Kind::MissingDataset, Class::Misconfigured),
        (Class::Misconfigured, "DATASOURCE_NOT_FOUND", Kind::MissingDataset, Class::Misconfigured),
        (Class::Other, "500: The data source no longer exists", Kind::MissingDataset, Class::Misconfigured),
        (Class::Misconfigured, "You are missing the permission for this dataset", Kind::NoAccess, Class::Misconfigured),
        (Class::Misconfigured, "Unable to parse SQL: (line 1, column 22)", Kind::Formula, Class::Misconfigured),
        (Class::Misconfigured, "Unable to parse SQL: invalid token, column 7", Kind::Formula, Class::Misconfigured),
        (Class::QueryTimeout, "no answer within 90 s", Kind::Slow, Class::QueryTimeout),
        (Class::Other, "500: Query execution timed out", Kind::Slow, Class::QueryTimeout),
        (Class::Other, "500 Internal Server Error", Kind::ServerError, Class::Other),
        (Class::Other, "500: internal server error", Kind::ServerError, Class::Other),
        (Class::Misconfigured, "Bad Request", Kind::Unexplained, Class::Misconfigured),
        (Class::Misconfigured, "the card's summary has the status 'error'", Kind::Unexplained, Class::Misconfigured),
        (Class::Misconfigured, "Query failed", said("query failed"), Class::Misconfigured),
        (Class::Misconfigured, "Query failed, retry later", said("query failed, retry later"), Class::Misconfigured),
        (Class::Misconfigured, "Data Unavailable", said("data unavailable"), Class::Misconfigured),
        (Class::Other, "500: Tab 3 isn't 'there'", said("tab # isn't _"), Class::Other),
        (
            Class::Misconfigured,
            "java.lang.NullPointerException",
            said("java.lang.nullpointerexception"),
            Class::Misconfigured,
        ),
        (Class::Misconfigured, "Unknown", said("unknown"), Class::Misconfigured),
    ] {
        let cause = read(class, text);
        assert_eq!((cause.kind, cause.class), (kind, of), "{text}");
    }
}

#[test]
fn what_differs_from_card_to_card_is_set_aside_and_the_words_are_left() {
    for (text, words, named) in [
        ("Row limit exceeded", "row limit exceeded", ""),
        ("120000 rows are more than 65,536", "# rows are more than #", ""),
        ("422 Chart of 3.5 series has no 3rd axis", "chart of # series has no 3rd axis", ""),
        ("Function calc_margin is not allowed", "function _ is not allowed", "calc_margin"),
        ("Chart «Umsatz» of „Ärzte“ has no axis", "chart _ of _ has no axis", "Umsatz|Ärzte"),
        ("Value '' is no number", "value '' is no number", ""),
        ("Chart ''Umsatz'' has no axis", "chart '_' has no axis", "Umsatz"),
        ("QUOTA_ERROR: engine 7f3a9b2c41 is full", "quota error: engine _ is full", ""),
        ("Too many   charts\n\ton one page", "too many charts on one page", ""),
        ("Query 5e88c674-d499-4a97-a834-60797d0d17d4 failed", "query _ failed", ""),
        ("Drill 5E88C674-d499-4a97-a834-60797d0d17d4 is not configured", "drill _ is not configured", ID),
    ] {
        let cause = read(Class::Misconfigured, text);
        assert_eq!((cause.kind, cause.names), (Kind::Said(words.to_owned()), names(named)), "{text}");
    }
}

#[test]
fn a_beast_mode_is_known_by_its_name_or_by_its_id() {
    let id = format!("calculation_{ID}");
    for (text, named) in [
        ("Beast mode 'Margin' cannot be evaluated", "Margin"),
        (&format!("Beast mode {id} cannot be evaluated")[..], &id[..]),
        (&format!("Cannot evaluate `{id}` of the SQL"), &id),
    ] {
        let cause = read(Class::Misconfigured, text);
        assert_eq!((cause.kind, cause.names), (Kind::Formula, names(named)), "{text}");
    }
}

#[test]
fn the_id_of_a_dataset_is_one_where_nothing_goes_on_behind_it() {
    let datasets = |text: String| read(Class::Misconfigured, &text).datasets;
    for whole in [format!("Dataset {ID}, is not indexed"), format!("Not indexed: dataset {ID}")] {
        assert_eq!(datasets(whole), BTreeSet::from([DatasetId::new(ID).unwrap()]));
    }
    for part in [format!("Dataset {ID}-old is not indexed"), format!("Dataset {ID}_2 is not indexed")] {
        assert_eq!(datasets(part), BTreeSet::new());
    }
}
