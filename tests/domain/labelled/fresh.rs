//! More of the set: wordings that were gathered after the rules were first made, which then knew some of them only
//! half; other words than these are what to try next.

use cardwatch::domain::verdict::Class;

use super::stories::{Card, Story};

const M: Class = Class::Misconfigured;
const T: Class = Class::QueryTimeout;
const O: Class = Class::Other;
const PROMO: &str = "7e9a1f00-5b2c-4d4e-8f10-99aabbccdd01";

pub(super) fn all() -> Vec<Story> {
    [columns(), others()].into_iter().flatten().collect()
}

fn columns() -> Vec<Story> {
    vec![
        Story(
            "kpis lost Umsatz_netto",
            vec![
                Card(M, "Unable to find column: Umsatz_netto", &["kpis"], 11_000),
                Card(M, "Field 'Umsatz_netto' was removed from the data source", &["kpis"], 11_001),
                Card(M, "Referenced column 'Umsatz_netto' isn't available anymore", &["kpis"], 11_002),
                Card(M, "Umsatz_netto", &["kpis"], 11_002),
                Card(M, "SQL error: no such column: Umsatz_netto", &["kpis"], 11_004),
            ],
        ),
        Story(
            "crm lost cust_seg, as three databases put it",
            vec![
                Card(M, "ERROR: column \"cust_seg\" does not exist Position: 42", &["crm"], 11_100),
                Card(M, "SQL compilation error: invalid identifier 'CUST_SEG' (line 1)", &["crm"], 11_101),
                Card(M, "ORA-00904: \"CUST_SEG\": invalid identifier", &["crm"], 11_102),
            ],
        ),
        Story(
            "leads lost owner, then cards were copied",
            vec![
                Card(M, "Invalid column(s) referenced: owner", &["leads"], 11_200),
                Card(M, "Invalid column(s) referenced: owner, stage", &["leads"], 13_200),
            ],
        ),
    ]
}

fn others() -> Vec<Story> {
    vec![
        Story(
            "promo was deleted",
            vec![
                Card(M, "DataSet not found", &[PROMO], 11_300),
                Card(M, "The DataSet powering this card is no longer available", &[PROMO], 11_301),
                Card(M, "Datasource with id 7e9a1f00-5b2c-4d4e-8f10-99aabbccdd01 does not exist", &[], 11_302),
            ],
        ),
        Story(
            "hr was closed to the service user",
            vec![
                Card(M, "Insufficient privileges to view DataSet", &["hr"], 11_400),
                Card(M, "You don't have access to the underlying data", &["hr"], 11_401),
                Card(M, "Insufficient privileges to view DataSet", &["hr"], 11_402),
            ],
        ),
        Story(
            "clicks is too large",
            vec![
                Card(M, "Query exceeded the maximum execution time", &["clicks"], 11_500),
                Card(T, "no answer within 90 s, 3 times", &["clicks"], 11_700),
                Card(O, "500: Gateway timeout while querying", &["clicks"], 11_800),
            ],
        ),
        Story(
            "beast mode Deckungsbeitrag was edited",
            vec![
                Card(M, "Invalid beast mode: Deckungsbeitrag", &["finance"], 11_900),
                Card(M, "Calculation 'Deckungsbeitrag' could not be processed", &["finance"], 11_901),
            ],
        ),
        Story(
            "a margin of nothing",
            vec![
                Card(M, "Division by zero in 'Marge %'", &["margins"], 12_000),
                Card(M, "Division by zero in 'Marge %'", &["margins"], 12_030),
            ],
        ),
        Story(
            "audience has an issue",
            vec![
                Card(M, "An issue has occurred during processing. Try again later.", &["audience"], 12_100),
                Card(M, "An issue has occurred during processing. Try again later.", &["audience"], 12_101),
            ],
        ),
        Story(
            "partners has another at the same time",
            vec![Card(M, "An issue has occurred during processing. Try again later.", &["partners"], 12_102)],
        ),
        Story(
            "a storage node was restarted",
            vec![
                Card(O, "500: Connection to adrenaline-12 was reset", &["clicks"], 12_200),
                Card(O, "500: Connection to adrenaline-7 was reset", &["partners"], 12_201),
                // Hard: Domo put it in another way.
                Card(O, "500 Internal Server Error", &["audience"], 12_201),
            ],
        ),
        Story(
            "partners, refused",
            vec![Card(M, "Bad Request.", &["partners"], 12_400), Card(M, "Bad Request", &["partners"], 12_401)],
        ),
    ]
}
