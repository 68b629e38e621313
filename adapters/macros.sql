-- Macros shared by the adapters' SELECTs: text in, text out. A value that does not fit is returned unchanged, so that staging quarantines it.

-- Converts a time or day from a tool's format (strptime) to ISO. Times with an offset are converted to UTC.
create or replace temp macro read_time(text, format) as
    coalesce(
        case
            when contains(format, '%z') then strftime(timezone('UTC', cast(try_strptime(trim(text), format) as timestamptz)), '%Y-%m-%d %H:%M:%S.%f') || '+00:00'
            when contains(format, '%H') or contains(format, '%I') or contains(format, '%X') or contains(format, '%-H') or contains(format, '%-I')
                then strftime(cast(try_strptime(trim(text), format) as timestamp), '%Y-%m-%d %H:%M:%S.%f')
            else strftime(cast(try_strptime(trim(text), format) as timestamp), '%Y-%m-%d')
        end,
        text
    );

-- Converts a date whose year is counted as in Thailand (2569 is 2026); any other text stays.
create or replace temp macro gregorian(text) as
    case
        when regexp_matches(text, '(^|[^0-9])2[45][0-9]{2}([^0-9]|$)')
            then replace(
                text,
                regexp_extract(text, '(?:^|[^0-9])(2[45][0-9]{2})(?:[^0-9]|$)', 1),
                cast(cast(regexp_extract(text, '(?:^|[^0-9])(2[45][0-9]{2})(?:[^0-9]|$)', 1) as integer) - 543 as varchar)
            )
        else text
    end;

-- Converts epoch seconds, milliseconds, microseconds or nanoseconds to a time in UTC. Their size decides the unit: seconds reach the size of
-- milliseconds in the year 5138.
create or replace temp macro epoch_time(text) as
    coalesce(
        strftime(
            make_timestamp(
                cast(
                    case
                        when abs(try_cast(trim(text) as double)) < 1e11 then try_cast(trim(text) as double) * 1e6
                        when abs(try_cast(trim(text) as double)) < 1e14 then try_cast(trim(text) as double) * 1e3
                        when abs(try_cast(trim(text) as double)) < 1e17 then try_cast(trim(text) as double)
                        when abs(try_cast(trim(text) as double)) < 1e20 then try_cast(trim(text) as double) / 1e3
                    end as bigint
                )
            ),
            '%Y-%m-%d %H:%M:%S.%f'
        ) || '+00:00',
        text
    );

-- Signs and words for currencies beside an amount, the longer ones first (scripts/onboarding/values.py knows the same ones).
create or replace temp macro currency_signs() as
    'руб\.|грн\.|us\$|baht|rs\.|rp\.|mx\$|fr\.|лв\.|hk\$|nt\$|au\$|ca\$|nz\$|د\.إ|ر\.س|ج\.م|د\.ك|vnđ|vnd|usd|eur|'
    || 'gbp|บาท|thb|inr|krw|jpy|rmb|cny|idr|r\$|brl|mxn|chf|pln|czk|huf|lei|ron|bgn|руб|rub|грн|uah|try|ils|php|myr|'
    || 's\$|sgd|hkd|twd|a\$|aud|c\$|cad|nzd|aed|sar|egp|kwd|zar|ngn|ksh|kes|pen|sek|nok|dkk|isk|cop|clp|ars|\$|kr|rs|'
    || 'rp|zł|kč|ft|лв|tl|rm|s/|¥|￥|\\|₫|đ|€|£|฿|₹|₩|원|円|元|₽|₴|₺|₪|₱|r|₦|\p{Sc}';

-- A number without what stands beside it: a currency, blanks, brackets or a sign behind it for one below zero.
create or replace temp macro bare_number(text) as
    regexp_replace(
        regexp_replace(
            regexp_replace(
                replace(regexp_replace(text, '[\s\x{00a0}\x{202f}]', '', 'g'), '−', '-'),
                '^\((.*)\)$', '-\1'
            ),
            '(?i)^([-+]?)(' || currency_signs() || ')([-+]?[0-9].*)$', '\1\3'
        ),
        '(?i)^(-?)([-+]?[0-9].*?)(' || currency_signs() || ')?(-?)$', '\1\4\2'
    );

-- Converts a number to plain notation: no currency sign, no thousands separators, a decimal point. Digits that
-- are not in groups of three (in India 1,25,000) contradict the separators: such a text is marked as unreadable instead of read as another number.
create or replace temp macro read_number(text, decimal, thousands) as
    case
        when text is null or trim(text) = '' then text
        when regexp_matches(
            bare_number(text),
            '^[+-]?([0-9]+' || case when thousands = ',' then '|[0-9]{1,2}(,[0-9]{2})+,[0-9]{3}' else '' end || '|[0-9]{1,3}(' || case when coalesce(trim(thousands), '') = '' then '~' else regexp_escape(thousands) end
            || '[0-9]{3})+)(' || regexp_escape(decimal) || '[0-9]*)?$'
        )
            then replace(
                case when coalesce(trim(thousands), '') = '' then bare_number(text) else replace(bare_number(text), thousands, '') end,
                decimal, '.'
            )
        when regexp_matches(text, '[0-9]') then 'unreadable: ' || text
        else text
    end;

-- Converts an amount in minor units (cents) to major units. Currencies without minor units: Stripe's list of zero-decimal
-- currencies; currencies with three decimals: ISO 4217.
create or replace temp macro minor_units(text, currency) as
    coalesce(
        cast(
            case
                when upper(trim(currency)) in (
                    'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
                ) then try_cast(trim(text) as decimal(38, 4))
                when upper(trim(currency)) in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then try_cast(trim(text) as decimal(38, 4)) / 1000
                else try_cast(trim(text) as decimal(38, 4)) / 100
            end as decimal(38, 4)
        )::varchar,
        text
    );

-- Removes the marks with which exports make spreadsheets keep a text: an apostrophe before it (Shopify), a tab after it (TikTok Shop).
create or replace temp macro unquoted(text) as
    regexp_replace(trim(text, ' ' || chr(9)), '^''', '');

-- The value of a URL parameter, percent-decoded; null if the URL lacks it.
create or replace temp macro url_value(url, key) as
    nullif(url_decode(replace(regexp_extract(url, '[?&]' || regexp_escape(key) || '=([^&#]*)', 1), '+', ' ')), '');

-- A text without leading and trailing blanks; null if it is empty.
create or replace temp macro filled(text) as nullif(trim(text), '');

-- Converts a time to the contract's notation of the offset: Shopify puts a blank before it.
create or replace temp macro iso_offset(text) as
    regexp_replace(
        regexp_replace(trim(text), ' (UTC|GMT)$', '+00:00'),
        '^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?) ?([+-][0-9]{2}):?([0-9]{2})$', '\1\2:\3'
    );

-- A time of a table that is always in UTC, whatever zone the mapping names for other files of the export.
create or replace temp macro utc_time(text) as
    case
        when regexp_full_match(trim(text), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?') then trim(text) || '+00:00'
        else iso_offset(text)
    end;

-- A time of a file in local time: it needs a time zone in mapping.yml; without one the export is rejected.
create or replace temp macro local_time(text, tool) as
    case
        when getvariable('timezone') is null and regexp_full_match(trim(text), '.*[0-9]:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?[AaPp][Mm])?')
            then error(tool || ' has local times (' || trim(text) || '). Add their time zone in mapping.yml, for example `timezone: Europe/Paris`.')
        else text
    end;

-- An id from a spreadsheet, without a leading apostrophe; null if the spreadsheet rounded it (5.8E+12), because a rounded id
-- would stand for many objects.
create or replace temp macro exact_id(text) as
    case when not regexp_full_match(trim(text), '[0-9][.,]?[0-9]*E[+][0-9]+') then nullif(unquoted(text), '') end;

-- The id of an object that an API returns either as its id or as the expanded object.
create or replace temp macro id_of(text) as
    case when starts_with(trim(text), '{') then try_cast(text as json) ->> '$.id' else text end;

-- Google's client id from the note attributes of an order, if an app wrote it there: "_ga: GA1.1.123.456" in a line of text, or
-- {"name": "_ga", "value": "GA1.1.123.456"} in JSON. It is GA4's browser id.
create or replace temp macro google_client_id(text) as
    nullif(
        regexp_extract(
            text,
            '(?:^|[\n"])(?:_elevar__ga|_ga|ga|_ga_client_id|ga_client_id|google_client_id)(?:"\s*,\s*"value"\s*:\s*"|: *)(?:GA[0-9][.][0-9][.])?([0-9]+[.][0-9]+)',
            1
        ),
        ''
    );

-- Parses JSON; null if the text is not JSON, so that a cell edited by hand does not stop the other rows.
create or replace temp macro as_json(text) as
    case when json_valid(text) then cast(text as json) end;

-- The elements of a JSON list; empty if the text is not a list.
create or replace temp macro json_list(text) as
    case when json_valid(text) and json_type(cast(text as json)) = 'ARRAY' then cast(text as json[]) end;
