"""Exports of ten countries, as Excel and tills save them there, from `init` to the landed rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import yaml
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.raw.months import NAMES, english_of, in_english
from onboarding.judge import judge
from onboarding.propose import propose
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import lines, write


class Country(NamedTuple):
    """The files of a shop: rows by the name of the file, and what lands of them."""

    files: Mapping[str, Sequence[str]]
    settings: Mapping[str, str | int]
    # columns of a raw table, and its rows
    landed: Mapping[tuple[str, str], Sequence[tuple[Any, ...]]]
    encoding: str = "cp1252"


FRANCE = Country(
    {
        "Commandes.csv": (
            "N° de commande;Date de commande;Code client;Adresse e-mail;Statut;Mode de paiement;Frais de port;TVA;"
            "Remise;Total TTC;Devise",
            "C-1001;13/01/2026 09:30;K1;zoe@exemple.fr;Livrée;Carte;4,90;208,25;0,00;1\u00a0249,50;EUR",
            "C-1002;02/02/2026 18:05;K2;luc@exemple.fr;Annulée;Chèque;4,90;2,15;1,00;12,90;EUR",
            "C-1003;03/02/2026 11:00;K1;zoe@exemple.fr;En préparation;Carte;0,00;3,17;0,00;19,00;EUR",
        ),
        "Lignes de commande.csv": (
            "N° de commande;Ligne;Référence article;Quantité;Prix unitaire TTC",
            "C-1001;1;LAMPE;2;624,75",
            "C-1002;1;TASSE;1;12,90",
        ),
        "Fichier clients.csv": (
            "Code client;Nom;Prénom;Courriel;Téléphone;Ville;Pays;Date d'inscription",
            "K1;Léa;Zoé;zoe@exemple.fr;06 11 22 33 44;Lyon;FR;1er janv. 2025",
            "K2;Noël;Luc;luc@exemple.fr;06 55 66 77 88;Nîmes;FR;15 août 2025",
        ),
    },
    {"reporting_currency": "EUR", "reporting_timezone": "Europe/Paris", "default_phone_country": "FR"},
    {
        ("raw_orders.orders", "order_id, ordered_at, status, total_amount, shipping_amount, contact_id, email"): [
            # 09:30 of Paris in winter
            ("C-1001", "2026-01-13 08:30:00.000000+00:00", "completed", "1249.50", "4.90", "K1", "zoe@exemple.fr"),
            ("C-1002", "2026-02-02 17:05:00.000000+00:00", "cancelled", "12.90", "4.90", "K2", "luc@exemple.fr"),
            ("C-1003", "2026-02-03 10:00:00.000000+00:00", "paid", "19.00", "0.00", "K1", "zoe@exemple.fr"),
        ],
        ("raw_orders.order_items", "order_id, line_number, product_id, quantity, unit_price"): [
            ("C-1001", "1", "LAMPE", "2", "624.75"),
            ("C-1002", "1", "TASSE", "1", "12.90"),
        ],
        ("raw_crm.contacts", "contact_id, email, phone, city, created_at"): [
            ("K1", "zoe@exemple.fr", "06 11 22 33 44", "Lyon", "2025-01-01"),
            ("K2", "luc@exemple.fr", "06 55 66 77 88", "Nîmes", "2025-08-15"),
        ],
    },
)
SPAIN = Country(
    {
        "pedidos.csv": (
            "Nº pedido;Fecha;Cliente;Correo electrónico;Estado;Forma de pago;"
            "Gastos de envío;IVA;Descuento;Importe total",
            "P-1;31/12/2025;Íñigo Peña;inigo@ejemplo.es;Entregado;Tarjeta;4,95;216,86;0,00;1.249,50 €",
            "P-2;01/12/2025;Ana Núñez;ana@ejemplo.es;Pendiente de pago;Bizum;4,95;2,24;0,00;12,90 €",
            "P-3;02/12/2025;Ana Núñez;ana@ejemplo.es;Devuelto;Bizum;4,95;2,24;0,00;12,90 €",
        ),
        "devoluciones.csv": (
            "Nº devolución;Nº pedido;Fecha devolución;Importe;Motivo",
            "D-1;P-3;15-dic-2025;12,90;Talla",
            "D-2;P-1;3-ene-2026;100,00;Daño",
        ),
    },
    {"reporting_currency": "EUR", "reporting_timezone": "Europe/Madrid", "default_phone_country": "ES"},
    {
        ("raw_orders.orders", "order_id, ordered_at, status, total_amount, tax_amount, payment_method"): [
            ("P-1", "2025-12-31", "completed", "1249.50", "216.86", "Tarjeta"),
            ("P-2", "2025-12-01", "pending", "12.90", "2.24", "Bizum"),
            ("P-3", "2025-12-02", "returned", "12.90", "2.24", "Bizum"),
        ],
        ("raw_orders.refunds", "refund_id, order_id, refunded_at, amount, reason"): [
            ("D-1", "P-3", "2025-12-15", "12.90", "Talla"),
            ("D-2", "P-1", "2026-01-03", "100.00", "Daño"),
        ],
    },
)
BRAZIL = Country(
    {
        "Relatório de vendas.csv": (
            "Número do pedido;Data do pedido;E-mail do cliente;Situação;Forma de pagamento;Frete;Desconto;Valor total",
            "501;25/01/2026 21:10;joão@exemplo.com.br;Entregue;Pix;R$ 15,00;R$ 0,00;R$ 1.249,50",
            "502;02/02/2026 08:00;ana@exemplo.com.br;Aguardando pagamento;Boleto;R$ 15,00;R$ 5,00;R$ 89,90",
        ),
        "clientes.csv": (
            "Código;Nome completo;Telefone;E-mail;Cidade;Data de cadastro",
            "1;João Assunção;(11) 98765-4321;joão@exemplo.com.br;São Paulo;3 de março de 2025",
            "2;Ana Conceição;(21) 99876-1234;ana@exemplo.com.br;Niterói;10 de dezembro de 2025",
        ),
    },
    {"reporting_currency": "BRL", "reporting_timezone": "America/Sao_Paulo", "default_phone_country": "BR"},
    {
        ("raw_orders.orders", "order_id, ordered_at, status, total_amount, shipping_amount, currency"): [
            # three hours behind UTC
            ("501", "2026-01-26 00:10:00.000000+00:00", "completed", "1249.50", "15.00", "BRL"),
            ("502", "2026-02-02 11:00:00.000000+00:00", "pending", "89.90", "15.00", "BRL"),
        ],
        ("raw_crm.contacts", "contact_id, full_name, phone, city, created_at"): [
            ("1", "João Assunção", "(11) 98765-4321", "São Paulo", "2025-03-03"),
            ("2", "Ana Conceição", "(21) 99876-1234", "Niterói", "2025-12-10"),
        ],
    },
)
ITALY = Country(
    {
        "Ordini.csv": (
            "Numero ordine;Data ordine;Codice cliente;E-mail;Stato ordine;Spese di spedizione;IVA;Totale ordine;Valuta",
            "77;13/05/2025;C1;niccolò@esempio.it;Evaso;5,90;225,32;1.249,50;EUR",
            "78;02/06/2025;C2;ugo@esempio.it;In lavorazione;5,90;2,33;12,90;EUR",
        )
    },
    {"reporting_currency": "EUR", "reporting_timezone": "Europe/Rome", "default_phone_country": "IT"},
    {
        ("raw_orders.orders", "order_id, ordered_at, status, total_amount, contact_id"): [
            ("77", "2025-05-13", "completed", "1249.50", "C1"),
            ("78", "2025-06-02", "paid", "12.90", "C2"),
        ]
    },
)


_ORDERS = ("raw_orders.orders", "order_id, ordered_at, status, total_amount, phone, currency")
# refunds are below zero; Windows-1250, blanks between thousands
POLAND = Country(
    {
        "zamówienia.csv": (
            "Numer zamówienia;Data zamówienia;Imię;Nazwisko;E-mail;Telefon;Wartość zamówienia;Status",
            "Z/1;15.01.2026 13:05;Michał;Wójcik;michal@example.pl;+48 601 234 567;1 234,50 zł;Zrealizowane",
            "Z/2;03.02.2026 09:10;Żaneta;Łukasik;zaneta@example.pl;602 345 678;99,00 zł;Anulowane",
            "KOR/1;05.02.2026 10:00;Michał;Wójcik;michal@example.pl;+48 601 234 567;-200,00 zł;Zrealizowane",
        )
    },
    {"reporting_currency": "PLN", "reporting_timezone": "Europe/Warsaw", "default_phone_country": "PL"},
    {
        _ORDERS: [
            ("Z/1", "2026-01-15 12:05:00.000000+00:00", "completed", "1234.50", "+48 601 234 567", "PLN"),
            ("Z/2", "2026-02-03 08:10:00.000000+00:00", "cancelled", "99.00", "602 345 678", "PLN"),
        ],
        ("raw_orders.refunds", "refund_id, refunded_at, cast(amount as double)"): [
            ("KOR/1", "2026-02-05 09:00:00.000000+00:00", 200)
        ],
    },
    "cp1250",
)
# 2569 is 2026; 29 February is a day of 2024 alone
THAILAND = Country(
    {
        "ยอดขาย.csv": (
            "ยอดขายประจำเดือน,,,,,",
            "เลขที่ใบเสร็จ,วันที่,ลูกค้า,เบอร์โทร,ยอดรวม,สถานะ",
            'R001,15/01/2569,สมชาย ใจดี,081-234-5678,"1,250.00 บาท",ชำระแล้ว',
            "R002,29/02/2567,สมหญิง,089-765-4321,฿950.00,ยกเลิก",
        )
    },
    {"reporting_currency": "THB", "reporting_timezone": "Asia/Bangkok", "default_phone_country": "TH"},
    {
        _ORDERS: [
            ("R001", "2026-01-15", "paid", "1250.00", "081-234-5678", "THB"),
            ("R002", "2024-02-29", "cancelled", "950.00", "089-765-4321", "THB"),
        ]
    },
    "cp874",
)
# the yen sign is a backslash in its code page
JAPAN = Country(
    {
        "注文.csv": (
            "注文番号,注文日時,お客様名,メールアドレス,電話番号,合計金額,注文状況",
            '1001,2026年1月15日 13:05,山田 太郎,taro@example.jp,03-1234-5678,"\\12,000",発送済み',
            "1002,2026年2月3日 9:20,鈴木花子,hanako@example.jp,090-1234-5678,\\980,キャンセル",
        )
    },
    {
        "reporting_currency": "JPY",
        "currency_decimals": 0,
        "reporting_timezone": "Asia/Tokyo",
        "default_phone_country": "JP",
    },
    {
        _ORDERS: [
            ("1001", "2026-01-15 04:05:00.000000+00:00", "shipped", "12000", "03-1234-5678", "JPY"),
            ("1002", "2026-02-03 00:20:00.000000+00:00", "cancelled", "980", "090-1234-5678", "JPY"),
        ]
    },
    "cp932",
)
# halves of the day in Arabic; nothing tells which country of several it is
ARABIA = Country(
    {
        "الطلبات.csv": (
            "رقم الطلب;تاريخ الطلب;اسم العميل;رقم الجوال;الإجمالي;الحالة",
            "5001;15/01/2026 3:04 م;محمد علي;0501234567;1250.00 ر.س;مكتمل",
            "5002;03/02/2026 9:10 ص;فاطمة;0559876543;99.50 ر.س;ملغي",
        )
    },
    {"reporting_currency": "SAR"},
    {
        _ORDERS: [
            ("5001", "2026-01-15 15:04:00.000000", "completed", "1250.00", "0501234567", "SAR"),
            ("5002", "2026-02-03 09:10:00.000000", "cancelled", "99.50", "0559876543", "SAR"),
        ]
    },
    "cp1256",
)
SWITZERLAND = Country(
    {
        "bestellungen.csv": (
            "Bestellnummer;Bestelldatum;Vorname;Nachname;E-Mail;Telefon;Gesamtbetrag;Bestellstatus",
            "1;3-Feb-26 3:04 PM;Urs;Müller;urs@example.ch;044 123 45 67;CHF 1’234.50;bezahlt",
            "2;14-Feb-26 9:10 AM;Léa;Favre;lea@example.ch;021 987 65 43;CHF 99.00;storniert",
        )
    },
    {"reporting_currency": "CHF", "reporting_timezone": "Europe/Zurich", "default_phone_country": "CH"},
    {
        _ORDERS: [
            ("1", "2026-02-03 14:04:00.000000+00:00", "paid", "1234.50", "044 123 45 67", "CHF"),
            ("2", "2026-02-14 08:10:00.000000+00:00", "cancelled", "99.00", "021 987 65 43", "CHF"),
        ]
    },
)
# a lakh has two digits between its commas; without a status
INDIA = Country(
    {
        "Sales Register.csv": (
            "Invoice No,Invoice Date,Customer Name,Mobile,Bill Amount,GST,Payment Mode",
            'IN/1,15-01-2026,Ravi,+91 98765 43210,"₹1,25,000.00","₹22,500.00",UPI',
            "IN/2,03-02-2026,Asha,+91 91234 56789,₹950.00,₹171.00,Cash",
        )
    },
    {"reporting_currency": "INR"},
    {
        _ORDERS: [
            ("IN/1", "2026-01-15", "completed", "125000.00", "+91 98765 43210", "INR"),
            ("IN/2", "2026-02-03", "completed", "950.00", "+91 91234 56789", "INR"),
        ]
    },
    "utf-8",
)
COUNTRIES = {
    "France": FRANCE,
    "Spain": SPAIN,
    "Brazil": BRAZIL,
    "Italy": ITALY,
    "Poland": POLAND,
    "Thailand": THAILAND,
    "Japan": JAPAN,
    "Arabia": ARABIA,
    "Switzerland": SWITZERLAND,
    "India": INDIA,
}


@pytest.mark.parametrize("country", COUNTRIES.values(), ids=COUNTRIES)
def test_from_init_to_landed_rows(country: Country, tmp_path: Path) -> None:
    """Nothing is edited between `init` and the landing, and no row is refused."""
    raw = tmp_path / "raw"
    for name, rows in country.files.items():
        write(raw, name, lines(*rows, end="\r\n"), encoding=country.encoding)
    proposal = propose(raw, None, None)
    (raw / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    settings = settings_text(proposal)
    assert settings is not None and yaml.safe_load(settings) == country.settings
    (raw / "vars.yml").write_text(settings, encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
        for (table, columns), landed in country.landed.items():
            assert connection.execute(f"select {columns} from {table} order by 1").fetchall() == landed
    verdict = judge(raw)
    assert [judgement.refusals for judgement in verdict.judgements] == [[]] * len(verdict.judgements)
    assert {f"raw_{judgement.table.label.replace('/', '.')}" for judgement in verdict.judgements} >= {
        table for table, _ in country.landed
    }
    assert not verdict.unmapped


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("15 janv. 2026", "15 January 2026"),
        ("1er août 2025 14:05", "1 August 2025 14:05"),
        ("3 de marzo de 2026", "3 March 2026"),
        ("10 de dezembro de 2025 às 08:30", "10 December 2025 08:30"),
        ("3. März 2026", "3 March 2026"),
        ("7 mag 2025", "7 May 2025"),
        ("02-FÉVR-26", "02-February-26"),
        ("2 Sep 2026", "2 September 2026"),
        ("7 października 2025", "7 October 2025"),
        ("12 mei 2025", "12 May 2025"),
        ("02/03/2026 3:04 p. m.", "02/03/2026 3:04 pM"),
        ("02/03/2026 3:04\u202fPM", "02/03/2026 3:04 PM"),
        ("02/03/2026 3:04 CH", "02/03/2026 3:04 PM"),
        ("2026/3/2 下午 3:04", "2026/3/2 PM 3:04"),
        ("02/03/2026 3:04 ص", "02/03/2026 3:04 AM"),
    ],
)
def test_words_in_dates(text: str, english: str) -> None:
    """The proposal and the build translate alike."""
    assert in_english(text) == english
    with duckdb.connect() as connection:
        assert connection.execute(f"select {english_of('?')}", [text]).fetchone() == (english,)


def test_no_name_means_two_months() -> None:
    names = [name for words in NAMES.values() for name in words.split()]
    assert len(names) == len(set(names))
