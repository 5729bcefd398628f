"""Classes that are one under two spellings: found where they are, and seldom where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.class_names import check_class_names, same_names, similar_names, twin_notes

# Names that lie as close together as those of different species do.
_NAMES = """
Black_footed_Albatross Laysan_Albatross Sooty_Albatross Groove_billed_Ani Crested_Auklet Least_Auklet Parakeet_Auklet
Rhinoceros_Auklet Brewer_Blackbird Red_winged_Blackbird Rusty_Blackbird Yellow_headed_Blackbird Bobolink
Indigo_Bunting Lazuli_Bunting Painted_Bunting Cardinal Spotted_Catbird Gray_Catbird Yellow_breasted_Chat
Eastern_Towhee Chuck_will_Widow Brandt_Cormorant Red_faced_Cormorant Pelagic_Cormorant Bronzed_Cowbird Shiny_Cowbird
Brown_Creeper American_Crow Fish_Crow Black_billed_Cuckoo Mangrove_Cuckoo Yellow_billed_Cuckoo Gray_crowned_Rosy_Finch
Purple_Finch Northern_Flicker Acadian_Flycatcher Great_Crested_Flycatcher Least_Flycatcher Olive_sided_Flycatcher
Scissor_tailed_Flycatcher Vermilion_Flycatcher Yellow_bellied_Flycatcher Frigatebird Northern_Fulmar Gadwall
American_Goldfinch European_Goldfinch Boat_tailed_Grackle Eared_Grebe Horned_Grebe Pied_billed_Grebe Western_Grebe
Blue_Grosbeak Evening_Grosbeak Pine_Grosbeak Rose_breasted_Grosbeak Pigeon_Guillemot California_Gull
Glaucous_winged_Gull Heermann_Gull Herring_Gull Ivory_Gull Ring_billed_Gull Slaty_backed_Gull Western_Gull
Anna_Hummingbird Ruby_throated_Hummingbird Rufous_Hummingbird Green_Violetear Long_tailed_Jaeger Pomarine_Jaeger
Blue_Jay Florida_Jay Green_Jay Dark_eyed_Junco Tropical_Kingbird Gray_Kingbird Belted_Kingfisher Green_Kingfisher
Pied_Kingfisher Ringed_Kingfisher White_breasted_Kingfisher Red_legged_Kittiwake Horned_Lark Pacific_Loon Mallard
Western_Meadowlark Hooded_Merganser Red_breasted_Merganser Mockingbird Nighthawk Clark_Nutcracker
White_breasted_Nuthatch Baltimore_Oriole Hooded_Oriole Orchard_Oriole Scott_Oriole Ovenbird Brown_Pelican
White_Pelican Western_Wood_Pewee Sayornis American_Pipit Whip_poor_Will Horned_Puffin Common_Raven White_necked_Raven
American_Redstart Geococcyx Loggerhead_Shrike Great_Grey_Shrike Baird_Sparrow Black_throated_Sparrow Brewer_Sparrow
Chipping_Sparrow Clay_colored_Sparrow House_Sparrow Field_Sparrow Fox_Sparrow Grasshopper_Sparrow Harris_Sparrow
Henslow_Sparrow Le_Conte_Sparrow Lincoln_Sparrow Nelson_Sharp_tailed_Sparrow Savannah_Sparrow Seaside_Sparrow
Song_Sparrow Tree_Sparrow Vesper_Sparrow White_crowned_Sparrow White_throated_Sparrow Cape_Glossy_Starling
Bank_Swallow Barn_Swallow Cliff_Swallow Tree_Swallow Scarlet_Tanager Summer_Tanager Artic_Tern Black_Tern Caspian_Tern
Common_Tern Elegant_Tern Forsters_Tern Least_Tern Green_tailed_Towhee Brown_Thrasher Sage_Thrasher Black_capped_Vireo
Blue_headed_Vireo Philadelphia_Vireo Red_eyed_Vireo Warbling_Vireo White_eyed_Vireo Yellow_throated_Vireo
Bay_breasted_Warbler Black_and_white_Warbler Black_throated_Blue_Warbler Blue_winged_Warbler Canada_Warbler
Cape_May_Warbler Cerulean_Warbler Chestnut_sided_Warbler Golden_winged_Warbler Hooded_Warbler Kentucky_Warbler
Magnolia_Warbler Mourning_Warbler Myrtle_Warbler Nashville_Warbler Orange_crowned_Warbler Palm_Warbler Pine_Warbler
Prairie_Warbler Prothonotary_Warbler Swainson_Warbler Tennessee_Warbler Wilson_Warbler Worm_eating_Warbler
Yellow_Warbler Northern_Waterthrush Louisiana_Waterthrush Bohemian_Waxwing Cedar_Waxwing
American_Three_toed_Woodpecker Pileated_Woodpecker Red_bellied_Woodpecker Red_cockaded_Woodpecker
Red_headed_Woodpecker Downy_Woodpecker Bewick_Wren Cactus_Wren Carolina_Wren House_Wren Marsh_Wren Rock_Wren
Winter_Wren Common_Yellowthroat
"""
BIRDS = _NAMES.split()


def _examples(names: list[str], counts: list[int]) -> Examples:
    labels = np.repeat(np.arange(len(names)), counts)
    ids = tuple(f"{label}/{place}" for place, label in enumerate(labels))
    return Examples(ids, ids, labels, tuple(names), ids, "text")


def test_two_hundred_species_are_two_hundred_species() -> None:
    numbered = [f"{number:03d}.{name}" for number, name in enumerate(BIRDS, 1)]
    assert len(BIRDS) > 190
    for names in (BIRDS, numbered, [name.replace("_", " ").lower() for name in BIRDS]):
        assert same_names(names) == []
        assert similar_names(names) == []


@pytest.mark.parametrize(
    "twins",
    [
        ("blue_jay", "Blue Jay"),
        ("Blue-Jay", "bluejay"),
        ("021.Eastern_Towhee", "Eastern Towhee"),
        ("café", "cafe"),
        ("Ångström", "angstro\u0308m"),
        ("cardinal", "\u0441\u0430rdinal"),  # with Cyrillic letters that look like c and a
        ("Wilson's Warbler", "Wilson\u2019s warbler"),
        ("ﬁnch", "finch"),
    ],
)
def test_one_name_written_in_two_ways(twins: tuple[str, str]) -> None:
    assert same_names(["robin", *twins, "wren"]) == [(1, 2)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Blue Jay", "blue jey"),
        ("Herring_Gull", "Heering_Gull"),
        ("Ring_billed_Gull", "Ring_biled_Gull"),
        ("cormorant", "cormornat"),
        ("warblers", "warbler"),
        ("finches", "finch"),
        ("canaries", "canary"),
    ],
)
def test_slips_and_plurals_are_told(one: str, other: str) -> None:
    assert [(first, second) for first, second, _ in similar_names([one, "robin", other])] == [(0, 2)]
    assert same_names([one, other]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("class 1", "class 2"),
        ("type A", "type B"),
        ("red car", "red cat"),
        ("house", "mouse"),
        ("hypertension", "hypotension"),
        ("Bank_Swallow", "Barn_Swallow"),
        ("c++", "c#"),
        ("A", "A-"),
        ("version 1.0", "version 10"),
        ("glass", "grass"),
        ("positive", "negative"),
    ],
)
def test_near_names_of_different_things_are_left_alone(one: str, other: str) -> None:
    assert same_names([one, other]) == []
    assert similar_names([one, other]) == []


def test_words_that_recur_in_other_names_are_no_slips() -> None:
    names = ["dessert spoon", "desert spoon", "dessert wine", "desert fox"]
    assert similar_names(names) == []


def test_a_finding_shows_the_twins_side_by_side_with_their_counts() -> None:
    examples = _examples(["Blue Jay", "blue_jay", "wren", "wrenn"], [5, 2, 3, 0])
    same, similar = check_class_names(examples, (*examples.class_names[:3], "wrens"))
    assert (same.check, same.severity) == ("class-twins", "error")
    assert "'Blue Jay' (5) and 'blue_jay' (2)" in same.summary
    assert same.flagged[0].positions == (0, 5, 1, 6, 2, 3, 4)
    assert (similar.check, similar.severity) == ("class-misspellings", "warning")
    assert "'wrens' (0)" in similar.summary, "a class without examples can be a twin, too"


def test_notes_of_a_run_leave_out_what_loading_told() -> None:
    assert twin_notes(["blue_jay", "Blue Jay", "wren"]) == []
    notes = twin_notes(["blue_jay", "Blue Jay", "001.wren", "wren", "cormorant", "cormornat"])
    assert len(notes) == 1
    assert "'001.wren' and 'wren'; 'cormorant' and 'cormornat'" in notes[0]
