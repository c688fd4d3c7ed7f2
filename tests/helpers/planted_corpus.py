"""A corpus of ten words in two senses each, in which no word beside them tells twice which sense is meant.

A sentence holds the word, two places from it a noun that no other sentence has with this word, and at its end three
words of its sense. A query cut around the word has the noun and not the end: words alone find nothing of the sense in
other sentences, and whoever knows what the noun means finds all of it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FRAMES = (  # of stopwords alone, and so long that no query reaches from the word to the end
    "it was about the {word} and {noun} that we have been to before, all {far}",
    "there was the {noun} and {word} more than there had been before, with {far}",
    "this is the {word} or {noun} that they had most of all then, for {far}",
    "here is more of {noun} or {word} than you can have in there, in {far}",
)
SENSES = {
    ("bank", "money"): (
        "mortgage deposit teller cheque overdraft vault cashier creditor dividend lender pension currency savings invoice "
        "ledger banker bond investor refund tax wage debt payment account shareholder interest",
        "money loan borrowing paying saving finance credit bills",
    ),
    ("bank", "river"): (
        "willow heron otter reed ferry rapids kayak canal ripple pebble canoe mud moorhen angler waterfall stream kingfisher "
        "meadow dam eddy estuary raft beaver swan driftwood creek",
        "river water flowing upstream riverside rowing floods rain",
    ),
    ("bat", "animal"): (
        "cave wing owl moth roost attic twilight sonar fur insect rabies vampire fang echo claw mosquito belfry nocturne "
        "guano flight mammal cavern hibernation barn dusk screech",
        "nocturnal flying wings insects mammals nighttime darkness hunting",
    ),
    ("bat", "sport"): (
        "pitcher inning umpire glove homer catcher cricket wicket helmet bowler infield strike dugout baseball swing batter "
        "league bunt scoreboard outfield coach grip fastball shortstop trainer stadium",
        "ball game hitting team score sports throw player",
    ),
    ("crane", "bird"): (
        "feather nest beak marsh egret chick plumage stork migration egg flock courtship wetland pelican fledgling heronry "
        "frog wader lagoon crest hatchling neck ibis sanctuary birdsong goose",
        "birds soaring wildlife feathers winged nature species winter",
    ),
    ("crane", "machine"): (
        "girder scaffold hook cable forklift bulldozer hoist concrete excavator operator pulley skyscraper winch cement "
        "dockyard container steel foreman counterweight derrick load hardhat boom crate hydraulics gantry",
        "building lifting heavy machine construction site tower equipment",
    ),
    ("seal", "animal"): (
        "walrus whisker iceberg flipper blubber penguin herring orca beach seacoast squid rookery polarbear barking blowhole snout "
        "arctic whale pup tide krill puffin dolphin sealion shoal glacier",
        "sea swimming ocean animal ice mammal cold wildlife",
    ),
    ("seal", "wax"): (
        "envelope signature stamp parchment ring emblem notary ribbon document charter treaty letter ink monarch chancellor "
        "certificate scroll decree heraldry scribe office archive ambassador deed herald wax",
        "official paper stamped royal legal signed authority pressed",
    ),
    ("mouse", "animal"): (
        "cheese cat burrow trap whisker tail rat hamster squeak pantry owlet grain fieldmouse rodent crumb hedgehog weasel "
        "vole straw barn litter cellar squirrel kitten hole shrew",
        "critter small furry pest nibbling gnawing tiny wild",
    ),
    ("mouse", "computer"): (
        "keyboard cursor monitor laptop click desktop touchpad trackpad screen software printer menu gamer window usb driver "
        "icon webcam browser button headset processor joystick wireless spreadsheet pointer",
        "computer device clicking typing technology digital input hardware",
    ),
    ("bark", "tree"): (
        "oak birch trunk moss resin branch beetle pine cork woodpecker lichen sap twig cinnamon root forester lumber cedar "
        "leaf maple canopy fungus sawmill elm timber log",
        "tree wood forest woodland trees wooden brown rough",
    ),
    ("bark", "dog"): (
        "growl puppy leash kennel terrier howl poodle collar hound chihuahua postman whimper intruder yelp spaniel watchdog "
        "snarl doorbell burglar beagle tailwag mastiff bulldog dachshund shepherd pet",
        "dog loud noise dogs growling howling angry canine",
    ),
    ("bass", "fish"): (
        "lure lake trout perch hook rod bait pond reel salmon fisherman fin pike boat gill carp catfish net scales minnow "
        "tackle sinker walleye jetty bobber fillet",
        "fishing fish freshwater angling swimming catching boating underwater",
    ),
    ("bass", "music"): (
        "guitar drummer chord amplifier melody jazz treble band rhythm string concert pedal riff singer tenor orchestra "
        "funk speaker tune solo record groove cello vocalist piano album",
        "music playing band musicians song musical stage instrument",
    ),
    ("cell", "biology"): (
        "membrane nucleus protein mitosis enzyme tissue chromosome bacterium microscope gene ribosome virus plasma dna "
        "antibody embryo hormone cytoplasm neuron molecule organism toxin biopsy tumor stem receptor",
        "biology living genetics microscopic science biological dividing lifeform",
    ),
    ("cell", "prison"): (
        "inmate warden guard jail sentence bunk convict handcuff parole escape bars sheriff visitor felon courtroom "
        "detainee lawyer judge solitary murderer gallows lockup thief riot custody jailer",
        "crime locked punished criminal police arrested guilty justice",
    ),
    ("plant", "botany"): (
        "flower seed leaf petal soil gardener fern greenhouse pollen stem rose sunlight watering cactus herb blossom shrub "
        "pot tulip fertilizer vine nursery orchid compost sprout daisy",
        "garden growing green gardening spring planted flowering outdoors",
    ),
    ("plant", "factory"): (
        "turbine worker assembly smokestack generator boiler reactor conveyor furnace foundry shift refinery chemical "
        "smelter machinery forklift union manager coal kiln robot steelworks emission workforce manufacturer warehouse",
        "industry producing production industrial manufacturing electricity power output",
    ),
    ("organ", "body"): (
        "kidney liver surgeon transplant donor heart lung spleen patient surgery hospital pancreas anatomy bladder stomach "
        "recipient dialysis blood intestine disease doctor scalpel artery operation bowel clinic",
        "body medical health human medicine healthy alive physical",
    ),
    ("organ", "music"): (
        "church hymn choir pipe cathedral fugue keyboard chapel psalm organist anthem congregation bellows sermon recital "
        "pew prelude wedding priest mass toccata altar carol harpsichord gospel parish",
        "choral church religious chanting singing worship liturgical sacred",
    ),
}


@dataclass(frozen=True)
class PlantedPiece:
    """One piece of text, which word it has in which sense, and the noun beside it."""

    text: str
    word: str
    sense: str
    noun: str


def planted_pieces(seed: int = 5) -> list[PlantedPiece]:
    """Some 520 pieces of one sentence, in an order by seed; every noun once a word."""
    rng = np.random.default_rng(seed)
    pieces = []
    for (word, sense), (nouns, ends) in SENSES.items():
        for noun in dict.fromkeys(nouns.split()):
            frame = FRAMES[int(rng.integers(len(FRAMES)))]
            far = " ".join(rng.permutation(ends.split())[:3])
            pieces.append(PlantedPiece(frame.format(word=word, noun=noun, far=far) + ".", word, sense, noun))
    return [pieces[i] for i in rng.permutation(len(pieces))]


def write_planted(folder: Path, pieces: list[PlantedPiece]) -> Path:
    """A folder with one file of JSON lines."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = (json.dumps({"doc": f"{piece.word} {number}", "text": piece.text}) for number, piece in enumerate(pieces))
    (folder / "pieces.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
