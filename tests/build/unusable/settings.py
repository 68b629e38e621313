"""vars.yml that cannot be followed."""

from tests.build.unusable.contents import CONTACTS, Broken, settings

BROKEN: Broken = {
    "settings under another name": (
        {"vars.yaml": "lapse_days: 90\n", "crm/contacts.csv": CONTACTS},
        "vars.yaml",
        "would not be read under this name",
        "Rename it to vars.yml",
    ),
    "setting twice": (
        settings("lapse_days: 90\nlapse_days: 91\n"),
        "vars.yml",
        "lapse_days stands here for the second time",
        "line 2",
    ),
    "setting": (
        settings("reporting_curency: VND\n"),
        "vars.yml",
        "no setting reporting_curency",
        "Did you mean reporting_currency?",
    ),
    "kind of a setting": (settings("lapse_days: half a year\n"), "vars.yml", "lapse_days", "must be a whole number"),
    "zone of reports": (
        settings("reporting_timezone: Asia/HoChiMinh\n"),
        "vars.yml",
        "'Asia/HoChiMinh' is not an IANA time zone",
        "Asia/Ho_Chi_Minh",
    ),
    "framework": (settings("primary_framework: adahub\n"), "vars.yml", "'adahub' is not a framework", "adahub_crm"),
    "currency": (
        settings("reporting_currency: dong\n"),
        "vars.yml",
        "'dong' is not a currency code",
        "for example USD",
    ),
    "settings that are a list": (settings("- lapse_days\n"), "vars.yml", "Write lines of the form", "setting: value"),
    "day that is none": (
        settings("earliest_date: 2026-02-30\n"),
        "vars.yml",
        "line 1, column 16: 2026-02-30 is not a date or time that exists (day is out of range",
        "Correct that line",
    ),
    "lists within lists": (
        settings(f"lapse_days: {'[' * 3000}\n"),
        "vars.yml",
        "line 1, column 62: more than 50 lists and mappings stand within each other",
        "Correct that line",
    ),
    "name that is a mapping": (
        settings("{lapse_days: 1}: 2\n"),
        "vars.yml",
        "line 1, column 1: a list or mapping stands where a name belongs",
        "Correct that line",
    ),
}
