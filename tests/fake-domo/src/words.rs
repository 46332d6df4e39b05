//! The words that a made-up instance is made of. Owns the texts only.

use crate::rng::Rng;

/// Names of users and groups; true for a group.
pub(crate) const OWNERS: [(&str, bool); 12] = [
    ("Dana Reyes", false),
    ("Jonas Weiß", false),
    ("Priya Nair", false),
    ("Tom O'Brien", false),
    ("Mei Tanaka", false),
    ("Lucía Fernández", false),
    ("Sam Whitfield", false),
    ("Amara Okafor", false),
    ("Erik Lindqvist", false),
    ("Finance BI", true),
    ("Sales Operations", true),
    ("Data Platform", true),
];

/// The columns of a dataset that is described without any.
pub(crate) const COLUMNS: [&str; 6] = ["region_name", "order_date", "customer_id", "amount", "status", "updated_at"];

/// Names of datasets and their providers.
pub(crate) const DATASETS: [(&str, &str); 16] = [
    ("Orders (Snowflake)", "snowflake"),
    ("Order lines (Snowflake)", "snowflake"),
    ("Customers (Snowflake)", "snowflake"),
    ("Opportunities (Salesforce)", "salesforce"),
    ("Accounts (Salesforce)", "salesforce"),
    ("GL entries (NetSuite)", "netsuite"),
    ("Invoices (NetSuite)", "netsuite"),
    ("Sessions (Google Analytics)", "google-analytics"),
    ("Ad spend (Google Ads)", "google-ads"),
    ("Tickets (Zendesk)", "zendesk"),
    ("Headcount (Workday)", "workday"),
    ("Inventory (SAP)", "sap-hana"),
    ("Shipments (SFTP)", "csv-sftp"),
    ("Sales targets (Excel)", "file-upload"),
    ("Sales joined | Magic ETL", "dataflow"),
    ("Cohorts | SQL DataFlow", "dataflow"),
];

/// The chart types of kpi cards.
pub(crate) const CHART_TYPES: [&str; 7] = [
    "badge_vert_multibar",
    "badge_table",
    "badge_singlevalue",
    "badge_two_trendline",
    "badge_pie",
    "badge_dropdown_selector",
    "badge_vert_stackedbar",
];

const PAGES: [&str; 28] = [
    "Sales overview",
    "Board pack",
    "EMEA sales",
    "Finance",
    "Marketing funnel",
    "P&L by region",
    "Customer success",
    "Supply chain",
    "Inventory health",
    "People",
    "Support",
    "SLA watch",
    "Pipeline review",
    "Product usage",
    "Retention cohorts",
    "Ad spend",
    "E-commerce",
    "Checkout funnel",
    "Executive summary",
    "Cash & liquidity",
    "Receivables",
    "Logistics",
    "Returns",
    "Warehouse \"North\"",
    "Data quality",
    "Forecast",
    "Pricing",
    "Sustainability",
];

const APPS: [&str; 3] = ["Sales cockpit", "Store manager app", "Finance close"];

const METRICS: [&str; 24] = [
    "Revenue",
    "Gross margin",
    "Net new ARR",
    "Orders",
    "Average order value",
    "Win rate",
    "Open pipeline",
    "Churn",
    "Net retention",
    "Active users",
    "Conversion rate",
    "Cost per lead",
    "Days sales outstanding",
    "Overdue invoices",
    "Stock on hand",
    "Late shipments",
    "Return rate",
    "First response time",
    "Open tickets",
    "CSAT",
    "Headcount",
    "Budget vs actual",
    "Forecast accuracy",
    "Ad spend",
];

const CUTS: [&str; 14] = [
    "by region",
    "by product line",
    "by channel",
    "by account owner",
    "by month",
    "by week",
    "this quarter",
    "year to date",
    "vs last year",
    "vs target",
    "top 10 customers",
    "by country (größte Märkte)",
    "trailing 12 months",
    "today",
];

/// The title of the n-th page; they differ from each other.
pub(crate) fn page_title(n: usize) -> String {
    numbered(&PAGES, n)
}

/// The title of the n-th app.
pub(crate) fn app_title(n: usize) -> String {
    numbered(&APPS, n)
}

/// A title for the n-th card. Now and then two cards have the same, as on a real instance.
pub(crate) fn card_title(rng: &mut Rng, n: usize) -> String {
    format!("{} {}", METRICS[n % METRICS.len()], rng.pick(&CUTS))
}

fn numbered(titles: &[&str], n: usize) -> String {
    let title = titles[n % titles.len()];
    match n / titles.len() {
        0 => title.to_owned(),
        round => format!("{title} ({})", round + 1),
    }
}
