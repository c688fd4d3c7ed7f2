"""German and French text of our own, and a small encoder whose WordPiece vocabulary was made from it."""

import json
from pathlib import Path

GERMAN = [
    "Der Müller öffnet am frühen Morgen die Schleuse, damit das Wasser über das Mühlrad läuft.",
    "Große Mühlen mahlten früher das Korn für mehrere Dörfer, kleine nur für einen Hof.",
    "Im Hafen lagen drei Schiffe, und am Abend kam noch ein viertes Schiff dazu.",
    "Die Häuser an der Straße sind älter als das Rathaus, das neueste Haus steht am Ende der Gasse.",
    "Wer ein altes Haus kauft, prüft zuerst Dach, Keller und Leitungen.",
    "Die Bank am Fluss ist frisch gestrichen, man sollte sich nicht auf diese Bank setzen.",
    "Die Bank verlangt für das Konto eine Gebühr, andere Banken tun das nicht.",
    "Zwei Bänke stehen vor der Schule, auf den Bänken sitzen Kinder und essen Äpfel.",
    "Das Schloss der Tür klemmt, ein Schlosser muss das Türschloss ölen.",
    "Das Schloss liegt auf einem Hügel, und von den Türmen des Schlosses sieht man bis zur Grenze.",
    "Alte Schlösser brauchen viel Pflege, denn ihre Mauern sind feucht.",
    "Der Läufer lief schneller als alle anderen Läufer seiner Mannschaft.",
    "Läuft der Motor zu heiß, schaltet die Steuerung ihn ab; liefen zwei Motoren, bleibt einer an.",
    "Die Donaudampfschifffahrtsgesellschaft verkauft ihre ältesten Dampfschiffe an ein Museum.",
    "Im Wörterbuch stehen über hunderttausend Wörter, doch kein Mensch kennt jedes Wort.",
    "Das Kind verlor seinen Schlüssel, und die Kinder suchten ihn im Gebüsch.",
    "Für die Prüfung lernten die Schülerinnen Formeln, Gesetze und Jahreszahlen.",
    "Die Prüfungen des Bauamtes dauern länger, wenn ein Gebäude unter Schutz steht.",
    "Ein Gesetz gilt erst, wenn es verkündet wurde; ältere Gesetze werden dadurch oft geändert.",
    "Süße Äpfel reifen im Süden des Landes, saure Äpfel eher im Norden.",
    "Der Zug hält nicht in jedem Bahnhof, manche Züge fahren ohne Halt durch.",
    "Die Züge ihres Gesichtes erinnerten an die Großmutter, sagte der Maler.",
    "Mit einem einzigen Zug gewann sie die Partie, obwohl ihr Gegner die Dame besaß.",
    "Auf dem Feld wächst Weizen, auf den Feldern dahinter stehen Rüben und Mais.",
    "Das magnetische Feld der Spule wird stärker, je mehr Strom durch den Draht fließt.",
    "Der Strom fiel aus, weil ein Baum auf die Leitung gestürzt war.",
    "Breite Ströme tragen Sand ins Meer, schmale Bäche nur Schlamm.",
    "Weiße Segel, graue Möwen und ein rostiger Kran: so malte er den Hafen.",
    "Die Möwe stahl dem Fischer einen Hering, und zwei Möwen stritten um den Rest.",
    "Ein Maß Bier kostet heute mehr als früher, die Maße der Gläser blieben gleich.",
]
FRENCH = [
    "L'école du village ouvre à huit heures, et les élèves attendent déjà devant la porte.",
    "Un élève a oublié son cahier, l'institutrice lui en prête un autre.",
    "D'anciennes écoles sont devenues des musées où l'on garde des cartes et des encriers.",
    "Le chêne de la forêt a été frappé par l'orage, deux autres chênes sont tombés.",
    "Les forêts du nord brûlent rarement, car l'été y est court et humide.",
    "La banque refuse le crédit, les autres banques n'en offrent pas de meilleur.",
    "Le navire longe un banc de sable, puis des bancs de poissons passent sous la quille.",
    "Assis sur un banc, le vieil homme regardait les pêcheurs réparer leurs filets.",
    "L'avocat plaide devant le tribunal, l'avocate de la partie adverse prend des notes.",
    "Des avocats bien mûrs se coupent en deux, puis on ôte le noyau de l'avocat.",
    "Le cheval galope dans le pré, tandis que les chevaux du voisin dorment à l'écurie.",
    "Les journaux annoncent la grève; un seul journal publie l'accord entier.",
    "Aujourd'hui, l'hôpital manque d'infirmières, et les hôpitaux voisins aussi.",
    "Qu'il pleuve ou qu'il neige, la factrice monte jusqu'au hameau.",
    "L'eau de la rivière est glacée, les eaux de la source restent tièdes.",
    "Le vol de l'aigle dure longtemps, celui des hérons est plus lourd.",
    "Le vol du tableau n'a jamais été élucidé, et d'autres vols ont suivi.",
    "La voile du bateau s'est déchirée, il faut recoudre les voiles avant demain.",
    "La mariée portait un voile blanc que le vent soulevait sur les marches.",
    "La pêche à la ligne demande de la patience, les pêcheuses le savent bien.",
    "Des pêches trop mûres ne se vendent pas, une pêche ferme se garde mieux.",
    "Le courant électrique fut coupé, puis les courants d'air éteignirent les bougies.",
    "C'est une pièce de théâtre en trois actes, et chaque acte dure une heure.",
    "La pièce du fond est froide, les pièces qui donnent au sud restent claires.",
    "Une pièce d'un franc roula sous l'armoire où dormaient d'autres pièces.",
    "L'œuvre du maître brûla, mais ses élèves sauvèrent d'autres œuvres de l'atelier.",
    "Les lois anciennes étaient gravées sur la pierre, une loi nouvelle est imprimée.",
    "Le glacier recule chaque année et découvre des pierres polies.",
    "Le glacier du port vend des sorbets, ses glaces à la vanille sont célèbres.",
    "Où l'ours a passé, l'herbe est couchée et les branches sont brisées.",
]
TEXTS = {"de": GERMAN, "fr": FRENCH}
WIDTH = 64
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßàâçèéêëîïôûùœæ"
ALPHABET = (*dict.fromkeys(LETTERS + LETTERS.upper()), *"0123456789.,;:!?'-\u2122\u00ae\u00b0\u2019")


def make_encoder(folder: Path, texts: list[str], uncased: bool = True, n_pieces: int = 600) -> Path:
    """A Hugging Face folder: one narrow layer with random weights, and a WordPiece vocabulary made from `texts`."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=uncased, lowercase=uncased)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=n_pieces, special_tokens=specials)
    tokenizer.train_from_iterator(texts, trainer)
    # a word that cannot be spelled is "[UNK]", and then every such word is one: so each letter is a piece, in any place
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    pieces += [mark + letter for letter in ALPHABET for mark in ("", "##")]
    numbered = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer.model = models.WordPiece(numbered, unk_token="[UNK]", max_input_chars_per_word=100)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), specials, strict=True))
    settings = {"model_max_length": 128, "do_lower_case": uncased, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps(names))
    torch.manual_seed(11)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=WIDTH,
    )
    model = BertModel(config, add_pooling_layer=False)
    with torch.no_grad():  # it tells texts apart by their words alone, so that those with other words are far apart
        model.embeddings.position_embeddings.weight.zero_()
        model.embeddings.token_type_embeddings.weight.zero_()
    model.save_pretrained(folder)
    return folder
