//! The set: broken cards by story. A story is one cause as an admin would see it, on one instance whose cards broke
//! over four weeks. Labels say what is true, not what can be seen: where a story is marked as hard, the reasons alone
//! may not tell.

use cardwatch::domain::verdict::Class;
use fake_domo::nasty_text;

pub(super) fn all() -> Vec<Story> {
    [schemas(), more_schemas(), datasets(), slow(), formulas(), vague()].into_iter().flatten().collect()
}

/// Cards that have the same cause: its name, and the cards.
pub(super) struct Story(pub(super) &'static str, pub(super) Vec<Card>);

/// Class, reason, names of the datasets, minute at which it broke.
pub(super) struct Card(pub(super) Class, pub(super) &'static str, pub(super) Names, pub(super) i64);

pub(super) type Names = &'static [&'static str];

const M: Class = Class::Misconfigured;
const T: Class = Class::QueryTimeout;
const O: Class = Class::Other;
const DAY: i64 = 24 * 60;
const CUSTOMERS: &str = "5e88c674-d499-4a97-a834-60797d0d17d4";
const TICKETS: &str = "0b6f7a52-31c3-4c1e-9a5b-8d2f0e9c4411";
const HEADCOUNT: &str = "c2d9e6b0-77aa-4f0e-8f5d-1a2b3c4d5e6f";

/// The set: schema changes.
fn schemas() -> Vec<Story> {
    vec![
        Story(
            "orders lost region_name, country_code and größe",
            vec![
                Card(M, "Invalid column(s) referenced: region_name", &["orders"], 100),
                Card(M, "Invalid column(s) referenced: region_name", &["orders"], 101),
                Card(M, "Invalid column(s) referenced: Region_Name", &["orders"], 102),
                Card(
                    M,
                    "The following column(s) are missing from the datasource schema: region_name",
                    &["orders"],
                    103,
                ),
                Card(M, "Unknown column 'region_name' in 'field list'", &["orders"], 104),
                Card(
                    M,
                    "Unable to parse SQL: Column `region_name` cannot be resolved (line 1, column 22)",
                    &["orders"],
                    105,
                ),
                Card(M, "region_name", &["orders"], 106),
                Card(M, "Invalid column(s) referenced: region_name", &["orders", "targets"], 104),
                Card(M, "Invalid column(s) referenced: region_name, country_code", &["orders"], 107),
                Card(M, "Invalid column(s) referenced: country_code", &["orders"], 108),
                Card(M, "country_code, größe", &["orders"], 108),
                Card(M, "Unable to parse SQL: SELECT `region_name`, SUM(`order_total`) FROM WHERE", &["orders"], 105),
                Card(M, "Invalid column(s) referenced: region_name", &[], 106),
                // Domo did not say why.
                Card(M, "Bad Request", &["orders"], 104),
                // Hard: the beast mode uses the column, and the reason does not say so.
                Card(M, "Beast mode 'Margin by region' cannot be evaluated", &["orders"], 105),
                // A card that was copied from an old one three weeks later.
                Card(M, "Invalid column(s) referenced: region_name", &["orders"], 100 + 21 * DAY),
            ],
        ),
        Story(
            "orders lost discount_pct later",
            vec![
                Card(M, "Invalid column(s) referenced: discount_pct", &["orders"], 100 + 20 * DAY),
                Card(M, "Invalid column(s) referenced: discount_pct", &["orders"], 115 + 20 * DAY),
                Card(M, "Column discount_pct does not exist", &["orders"], 115 + 20 * DAY),
            ],
        ),
        Story(
            "columns that nobody knows the dataset of",
            vec![
                Card(M, "Invalid column(s) referenced: dateymd", &[], 800),
                Card(M, "Invalid column(s) referenced: dateymd, weekday", &[], 803),
                Card(M, "The following column(s) are missing from the datasource schema: dateymd", &[], 815),
            ],
        ),
    ]
}

/// The set: more schema changes.
fn more_schemas() -> Vec<Story> {
    vec![
        Story(
            "weather lost date",
            vec![
                Card(M, "Invalid column(s) referenced: date", &["weather"], 1500),
                Card(M, "Invalid column(s) referenced: date", &["weather"], 1501),
            ],
        ),
        Story(
            "stocks lost date within the hour, by chance",
            vec![
                Card(M, "Invalid column(s) referenced: date", &["stocks"], 1520),
                Card(M, "Invalid column(s) referenced: date", &["stocks"], 1521),
            ],
        ),
        // Hard: one source of both was renamed, yet no card says what they have in common.
        Story(
            "the source of two datasets lost channel",
            vec![
                Card(M, "Invalid column(s) referenced: channel", &["sales joined"], 1700),
                Card(M, "Invalid column(s) referenced: channel", &["sales joined"], 1700),
                Card(M, "Invalid column(s) referenced: channel", &["sales weekly"], 1702),
            ],
        ),
        Story(
            "web lost columns whose names mean something",
            vec![
                Card(M, "Invalid column(s) referenced: session_timeout", &["web"], 1900),
                Card(M, "Invalid column(s) referenced: sql_syntax_error, timeout", &["web"], 1901),
                Card(M, "Invalid column(s) referenced: deleted", &["web"], 1903),
                Card(M, "session_timeout, dataset_deleted", &["web"], 1903),
            ],
        ),
        Story("a slow card of web's", vec![Card(T, "no answer within 90 s, 3 times", &["web"], 1904)]),
        Story(
            "logistics lost its dates",
            vec![
                Card(M, "Order Date, Ship Date", &["logistics"], 2100),
                Card(M, "Invalid column(s) referenced: Ship Date", &["logistics"], 2101),
                Card(M, "Column 'Ship Date' could not be found in dataset 'Shipments (SFTP)'", &["logistics"], 2102),
                // Hard: two words that are the name of a column.
                Card(M, "Ship Date", &["logistics"], 2103),
            ],
        ),
        Story(
            "budget lost region",
            vec![
                Card(M, "region", &["budget"], 2200),
                Card(M, "Invalid column(s) referenced: region", &["budget"], 2200),
                Card(M, "Cannot resolve column name \"region\" among (month, cost_center, amount)", &["budget"], 2201),
            ],
        ),
        Story(
            "colonne introuvable",
            vec![
                Card(M, "Colonne introuvable : région", &["ventes"], 2300),
                Card(M, "Colonne introuvable : région", &["ventes"], 2304),
            ],
        ),
        Story(
            "Spalte nicht gefunden",
            vec![
                Card(M, "Spalte 'größe' nicht gefunden", &["Lager"], 2310),
                Card(M, "Spalte 'größe' nicht gefunden", &["Lager"], 2311),
            ],
        ),
        // Hard: both are years old, and were broken when they were first seen.
        Story("legacy lost old_a years ago", vec![Card(M, "Invalid column(s) referenced: old_a", &["legacy"], 0)]),
        Story(
            "legacy lost old_b at another time",
            vec![
                Card(M, "Invalid column(s) referenced: old_b", &["legacy"], 1),
                Card(M, "Invalid column(s) referenced: old_b", &["legacy"], 1),
            ],
        ),
    ]
}

/// The set: datasets that are gone, or refused.
fn datasets() -> Vec<Story> {
    vec![
        Story(
            "customers was deleted",
            vec![
                Card(M, "Dataset 5e88c674-d499-4a97-a834-60797d0d17d4 is not indexed", &[CUSTOMERS], 5000),
                Card(M, "Dataset 5E88C674-D499-4A97-A834-60797D0D17D4 is not indexed", &[CUSTOMERS], 5001),
                Card(M, "No indexed schema found", &[CUSTOMERS], 5002),
                Card(M, "No indexed schema found for dataset 5e88c674-d499-4a97-a834-60797d0d17d4", &[], 5003),
                Card(M, "DataSet 5e88c674-d499-4a97-a834-60797d0d17d4 has been deleted", &[CUSTOMERS, "orders"], 5003),
                Card(M, "The data source 'Customers (Snowflake)' no longer exists", &[CUSTOMERS], 5004),
                Card(M, "DATASOURCE_NOT_FOUND", &[CUSTOMERS], 5005),
                Card(O, "500: Dataset 5e88c674-d499-4a97-a834-60797d0d17d4 is not indexed", &[CUSTOMERS], 5005),
                // A card of a page that was watched only later.
                Card(M, "No indexed schema found", &[CUSTOMERS], 5000 + 5 * DAY),
            ],
        ),
        Story(
            "tickets was deleted at the same time",
            vec![
                Card(M, "Dataset 0b6f7a52-31c3-4c1e-9a5b-8d2f0e9c4411 is not indexed", &[TICKETS], 5003),
                Card(M, "Dataset 0b6f7a52-31c3-4c1e-9a5b-8d2f0e9c4411 is not indexed", &[TICKETS, "dates"], 5003),
                Card(M, "No indexed schema found", &[TICKETS], 5004),
                Card(M, "Dataset 0b6f7a52-31c3-4c1e-9a5b-8d2f0e9c4411 is not indexed", &[], 5004),
            ],
        ),
        Story(
            "surveys is not indexed after its schema changed",
            vec![
                Card(M, "Dataset is not indexed", &["surveys"], 5200),
                Card(M, "Dataset is not indexed", &["surveys"], 5260 + DAY),
            ],
        ),
        Story(
            "the service user lost headcount",
            vec![
                Card(M, "You do not have permission to view this dataset", &[HEADCOUNT], 6500),
                Card(M, "Access denied to DataSet c2d9e6b0-77aa-4f0e-8f5d-1a2b3c4d5e6f", &[HEADCOUNT], 6501),
                Card(
                    M,
                    "User 1200000001 is not authorized to access dataset c2d9e6b0-77aa-4f0e-8f5d-1a2b3c4d5e6f",
                    &[HEADCOUNT],
                    6502,
                ),
                Card(
                    M,
                    "User 1200000001 is not authorized to access dataset c2d9e6b0-77aa-4f0e-8f5d-1a2b3c4d5e6f",
                    &[],
                    6503,
                ),
            ],
        ),
        Story(
            "a PDP policy of salaries",
            vec![
                Card(M, "PDP policy 'EMEA managers' could not be applied", &["salaries"], 6510),
                Card(M, "PDP policy 'EMEA managers' could not be applied", &["salaries"], 6512 + 3 * DAY),
            ],
        ),
    ]
}

/// The set: queries that take too long.
fn slow() -> Vec<Story> {
    vec![
        Story(
            "sessions grew too large",
            vec![
                Card(T, "no answer within 90 s, 3 times", &["sessions"], 200),
                Card(T, "no answer within 90 s, 3 times", &["sessions"], 3000),
                Card(T, "no answer within 75 s, twice", &["sessions"], 8000),
                Card(M, "Query timed out after 60 seconds", &["sessions"], 8001),
                Card(O, "500: Query execution timed out", &["sessions"], 8015),
                Card(T, "no answer within 90 s", &["sessions", "dates"], 8020),
            ],
        ),
        Story(
            "ad spend is slow too",
            vec![
                Card(T, "no answer within 90 s, 3 times", &["ad spend"], 210),
                Card(T, "no answer within 90 s, 3 times", &["ad spend"], 215),
            ],
        ),
        Story(
            "cohorts joined with dates",
            vec![
                Card(T, "no answer within 90 s, 3 times", &["cohorts", "dates"], 4000),
                Card(T, "no answer within 90 s, 3 times", &["cohorts", "dates"], 4030),
            ],
        ),
        // They share a small dataset with the cohorts, which is not to blame.
        Story(
            "inventory joined with dates, long after",
            vec![Card(T, "no answer within 90 s, 3 times", &["inventory", "dates"], 4000 + 9 * DAY)],
        ),
        Story(
            "pipeline is slow",
            vec![
                Card(T, "no answer within 90 s, 3 times", &["pipeline"], 4100),
                Card(T, "no answer within 90 s, 3 times", &["pipeline"], 4105),
            ],
        ),
        Story(
            "pipeline lost stage in the same hour",
            vec![
                Card(M, "Invalid column(s) referenced: stage", &["pipeline"], 4110),
                Card(M, "Invalid column(s) referenced: stage", &["pipeline"], 4111),
            ],
        ),
    ]
}

/// The set: beast modes and queries.
fn formulas() -> Vec<Story> {
    vec![
        Story(
            "beast mode Margin was edited",
            vec![
                Card(M, "Beast mode 'Margin' cannot be evaluated", &["invoices"], 2000),
                Card(M, "Beast mode 'Margin' cannot be evaluated", &["invoices"], 2001),
                Card(M, "Beast mode `Margin` calls an unknown function: SUMM(", &["invoices"], 2002),
                Card(M, "Beast mode 'Margin' cannot be evaluated", &["invoices"], 2002 + 3 * DAY),
            ],
        ),
        Story(
            "beast mode DSO was edited a week later",
            vec![
                Card(M, "Beast mode 'DSO' cannot be evaluated", &["invoices"], 2000 + 7 * DAY),
                Card(M, "Beast mode 'DSO' cannot be evaluated", &["invoices"], 2003 + 7 * DAY),
            ],
        ),
        Story(
            "a view under gl was edited",
            vec![
                Card(M, "Unable to parse SQL: SELECT `Umsatz` FROM WHERE (line 1, column 22)", &["gl"], 2500),
                Card(M, "Unable to parse SQL: SELECT SUM(`Betrag`) FROM WHERE (line 3, column 7)", &["gl"], 2501),
                Card(M, "Unable to parse SQL: SELECT `Konto`, `Umsatz` FROM WHERE `Jahr` = 2026", &["gl"], 2502),
            ],
        ),
        Story(
            "one card's own query on gl",
            vec![Card(
                M,
                "Unable to parse SQL: unexpected ')' near 'SUM(`Umsatz`))' (line 1, column 40)",
                &["gl"],
                2500 + 14 * DAY,
            )],
        ),
        Story(
            "a beast mode by its id",
            vec![
                Card(M, "Formula calculation_7d0c1d9e-7b8f-4c3a-9d2e-0123456789ab is invalid", &["returns"], 2700),
                Card(
                    M,
                    "Formula calculation_7d0c1d9e-7b8f-4c3a-9d2e-0123456789ab is invalid",
                    &["returns"],
                    2700 + 2 * DAY,
                ),
            ],
        ),
    ]
}

/// The set: what says little, or is Domo's own.
fn vague() -> Vec<Story> {
    vec![
        Story(
            "Domo's release of the morning",
            vec![
                Card(O, "500 Internal Server Error", &["orders"], 7000),
                Card(O, "500 Internal Server Error", &["invoices"], 7003),
                Card(O, "500 Internal Server Error", &["churn"], 7005),
                Card(O, "500: Internal server error", &[], 7006),
                Card(O, "500 Internal Server Error", &["gl", "churn"], 7010),
                // Hard: Domo put it in another way.
                Card(O, "500: java.lang.NullPointerException", &["churn"], 7010),
            ],
        ),
        Story(
            "cards saved with a bad order, days later",
            vec![
                Card(O, "500 Internal Server Error", &["orders"], 7000 + 2 * DAY),
                Card(O, "500 Internal Server Error", &["orders"], 7001 + 2 * DAY),
            ],
        ),
        Story(
            "the query engine was down",
            vec![
                Card(O, "500: Query engine tundra-17 is not available", &["nps"], 9000),
                Card(O, "500: Query engine tundra-3 is not available", &["csat"], 9002),
            ],
        ),
        Story(
            "shipments, refused",
            vec![
                Card(M, "Bad Request", &["shipments"], 6000),
                Card(M, "Bad Request", &["shipments"], 6001),
                Card(M, "bad request", &["shipments"], 6010),
            ],
        ),
        Story("fleet, refused", vec![Card(M, "Bad Request", &["fleet"], 6005)]),
        Story("shipments, refused days later", vec![Card(M, "Bad Request", &["shipments"], 6000 + 4 * DAY)]),
        Story("a draft on inventory", vec![Card(M, "Card is not configured", &["inventory"], 300)]),
        Story("another draft on inventory", vec![Card(M, "Card is not configured", &["inventory"], 300 + 4 * DAY)]),
        Story(
            "returns has an issue",
            vec![
                Card(M, "the card's summary has the status 'error'", &["refunds"], 3300),
                Card(M, "the card's summary has the status 'error'", &["refunds"], 3301),
                // Hard: the same in other words.
                Card(M, "Configuration or data issue", &["refunds"], 3302),
            ],
        ),
        Story(
            "order lines has too many rows",
            vec![
                Card(M, "Query exceeded the limit of 100,000 rows: 1,234,567 rows", &["order lines"], 3500),
                Card(M, "Query exceeded the limit of 100,000 rows: 45,678 rows", &["order lines"], 3510),
                Card(M, "Query exceeded the limit of 50,000 rows: 999 rows", &["order lines"], 3512),
            ],
        ),
        Story(
            "the quota, with an id for each query",
            vec![
                Card(M, "Query 3f2a77b1-64d2-4a08-9c55-6a1d3a1c0001 failed: quota of 500 exceeded", &[], 3600),
                Card(M, "Query 9b1c04de-0a5f-4c77-8d21-b7c5e2f40002 failed: quota of 500 exceeded", &[], 3601),
                Card(M, "Query 51e0f3aa-1f6e-4d0b-bf3c-0d9e8f7a0003 failed: quota of 750 exceeded", &[], 3602),
            ],
        ),
        Story(
            "an import with a long error",
            vec![Card(M, nasty_text(), &["import"], 3800), Card(M, nasty_text(), &["import"], 3801)],
        ),
        Story("a drill path", vec![Card(M, "Drill path 2 refers to a card that was removed", &["orders"], 102)]),
    ]
}
